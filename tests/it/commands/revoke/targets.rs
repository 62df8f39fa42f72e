//! ALL, EXCEPT and SESSION: which sessions end, and which stay.

use std::time::Duration;

use super::{issued, left, revoke};
use crate::support::*;

/// A session id that nobody has.
const UNKNOWN: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// A session whose record cannot be read.
const UNREADABLE: &str = "01890a5d-ac96-774b-bcce-b302099a8058";
/// Field names that are not session ids.
const FOREIGN: [&str; 5] = ["name", "", "\0", "%n%s", "01890A5D-AC96-774B-BCCE-B302099A8057"];

#[test]
fn all_ends_every_session_and_the_key_is_gone() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = issued(&mut con, 3);
    let other = con.issue("auth:43", &[]).unwrap();
    assert_eq!(revoke(&mut con, &["ALL"]), 3);
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:42"]), 0);
    for token in &tokens {
        assert_eq!(refused(con.verify("auth:42", &token.access, &[])), "NOSESSION");
        assert_eq!(refused(con.refresh("auth:42", &token.refresh, &[])), "NOSESSION");
    }
    assert_eq!(revoke(&mut con, &["all"]), 0, "nobody is there any more");
    assert_eq!(con.counter("revoked"), 3);
    con.verify("auth:43", &other.access, &[]).unwrap();
}

#[test]
fn except_keeps_one() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = issued(&mut con, 4);
    let before = con.records("auth:42");
    let kept = &tokens[2].session_id;
    assert_eq!(revoke(&mut con, &["ALL", "except", kept]), 3);
    assert_eq!(left(&mut con), [kept.as_str()]);
    assert_eq!(con.records("auth:42")[kept], before[kept]);
    con.refresh("auth:42", &tokens[2].refresh, &[]).unwrap();
    assert_eq!(revoke(&mut con, &["ALL", "EXCEPT", kept]), 0);
    assert_eq!(
        revoke(&mut con, &["ALL", "EXCEPT", UNKNOWN]),
        1,
        "an exception that is not there keeps nothing"
    );
    assert!(left(&mut con).is_empty());
}

#[test]
fn session_ends_those_that_are_named() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = issued(&mut con, 4);
    let sid = |index: usize| tokens[index].session_id.as_str();
    assert_eq!(revoke(&mut con, &["SESSION", sid(0)]), 1);
    assert_eq!(revoke(&mut con, &["session", sid(1), sid(0), UNKNOWN, sid(2), sid(1)]), 2);
    assert_eq!(left(&mut con), [sid(3)]);
    con.verify("auth:42", &tokens[3].access, &[]).unwrap();
    assert_eq!(revoke(&mut con, &["SESSION", UNKNOWN]), 0);
    assert_eq!(revoke(&mut con, &["SESSION", sid(3)]), 1);
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:42"]), 0);
    assert_eq!(con.counter("revoked"), 4);
}

#[test]
fn many_sessions_can_be_named_at_once() {
    let redis = Redis::with(&["hallpass.session-limit 0"]);
    let mut con = redis.connect();
    let tokens = issued(&mut con, 300);
    let sids: Vec<&str> = tokens.iter().map(|token| token.session_id.as_str()).collect();
    assert_eq!(revoke(&mut con, &[&["SESSION"], &sids[..299]].concat()), 299);
    assert_eq!(left(&mut con), [sids[299]]);
}

#[test]
fn foreign_fields_are_left_alone() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = issued(&mut con, 3);
    for field in FOREIGN {
        con.get::<i64>(&["HSET", "auth:42", field, "x"]);
    }
    assert_eq!(revoke(&mut con, &[&["SESSION", &tokens[0].session_id], &FOREIGN[..]].concat()), 1);
    assert_eq!(revoke(&mut con, &["ALL", "EXCEPT", &tokens[1].session_id]), 1);
    assert_eq!(left(&mut con).len(), 1 + FOREIGN.len());
    assert_eq!(revoke(&mut con, &["ALL"]), 1);
    let records = con.records("auth:42");
    assert_eq!(records.len(), FOREIGN.len());
    assert!(FOREIGN.iter().all(|field| records[*field] == b"x"));
}

#[test]
fn the_hash_of_another_program_is_not_touched() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.get::<i64>(&["HSET", "auth:42", "UserID", "42", "AuthToken", "x"]);
    let before = con.records("auth:42");
    for target in [&["ALL"][..], &["ALL", "EXCEPT", UNKNOWN], &["SESSION", UNKNOWN, "UserID"]] {
        assert_eq!(revoke(&mut con, target), 0, "{target:?}");
    }
    assert_eq!(con.records("auth:42"), before);
    assert_eq!(con.expires_at("auth:42"), -1, "no expiry either");
}

#[test]
fn unreadable_records_are_removed_and_not_counted() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let token = con.issue("auth:42", &["SID", UNREADABLE]).unwrap().refresh;
    let spoil = |con: &mut Con| con.get::<i64>(&["HSET", "auth:42", UNREADABLE, "\u{1}unreadable"]);
    let kept = issued(&mut con, 1).remove(0).session_id;
    for target in [&["SESSION", UNREADABLE][..], &["ALL", "EXCEPT", &kept], &["TOKEN", &token], &["ALL"]] {
        spoil(&mut con);
        let live = i64::from(target == ["ALL"]);
        assert_eq!(revoke(&mut con, target), live, "{target:?}");
        assert!(!left(&mut con).contains(&UNREADABLE.to_owned()), "{target:?}");
    }
    assert_eq!(con.counter("revoked"), 1);
    spoil(&mut con);
    assert_eq!(revoke(&mut con, &["ALL", "EXCEPT", UNREADABLE]), 0, "nor is it removed when it is excepted");
    assert_eq!(left(&mut con), [UNREADABLE]);
}

#[test]
fn expired_sessions_are_removed_and_not_counted() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let live = issued(&mut con, 1).remove(0);
    let expired: Vec<Tokens> = (0..3).map(|_| con.issue("auth:42", &["IDLETTL", "1"]).unwrap()).collect();
    con.let_pass(Duration::from_millis(1100));
    assert_eq!(revoke(&mut con, &["SESSION", &expired[0].session_id]), 0);
    assert_eq!(revoke(&mut con, &["TOKEN", &expired[1].refresh]), 0);
    assert_eq!(left(&mut con).len(), 2);
    assert_eq!(revoke(&mut con, &["ALL", "EXCEPT", &live.session_id]), 0);
    assert_eq!(left(&mut con), [live.session_id.as_str()]);

    con.issue("auth:42", &[]).unwrap();
    let now = (con.now_ms() / 1000 + 1).to_string();
    con.get::<()>(&["CONFIG", "SET", "hallpass.not-before", &now]);
    assert_eq!(revoke(&mut con, &["ALL"]), 0, "issued before not-before");
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:42"]), 0);
}

#[test]
fn a_target_is_required_and_nothing_may_stand_behind_it() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let (sid, token) = (tokens.session_id.as_str(), tokens.refresh.as_str());
    let before = (con.records("auth:42"), con.expires_at("auth:42"));
    for target in [
        &["X"][..],
        &[""],
        &[sid],
        &["SESSION"],
        &["TOKEN"],
        &["ALL", "X"],
        &["ALL", sid],
        &["ALL", "EXCEPT"],
        &["ALL", "EXCEPT", "x"],
        &["ALL", "EXCEPT", &sid[1..]],
        &["ALL", "EXCEPT", sid, "EXCEPT", sid],
        &["ALL", "ALL"],
        &["ALL", "SESSION", sid],
        &["ALL", "CLIENT", "web"],
        &["EXCEPT", sid],
        &["CLIENT", "web"],
        &["TOKEN", token, "CLIENT"],
        &["TOKEN", token, "CLIENT", ""],
        &["TOKEN", token, "CLIENT", "a b"],
        &["TOKEN", token, "CLIENT", "a", "client", "a"],
        &["TOKEN", token, "EXCEPT", sid],
        &["TOKEN", token, token],
    ] {
        let refusal = con.run(&[&["AUTH.REVOKE", "auth:42"], target].concat()).unwrap_err();
        assert_eq!(refusal.code, "ERR", "{target:?}");
        assert!(refusal.text.starts_with("hallpass: "), "{target:?}: {}", refusal.text);
    }
    assert_eq!(refused(con.run(&["AUTH.REVOKE", "user:42", "ALL"])), "ERR");
    let mut raw = redis.raw();
    for short in [&["AUTH.REVOKE"][..], &["AUTH.REVOKE", "auth:42"]] {
        assert!(raw.call(short).text().starts_with("ERR wrong number of arguments"));
    }
    assert_eq!((con.records("auth:42"), con.expires_at("auth:42")), before);
    con.refresh("auth:42", token, &[]).unwrap();
}

#[test]
fn another_type_at_the_key_is_a_wrong_type() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let token = con.issue("auth:42", &[]).unwrap().refresh;
    con.get::<()>(&["SET", "auth:42", "x"]);
    for target in [&["ALL"][..], &["ALL", "EXCEPT", UNKNOWN], &["SESSION", UNKNOWN], &["TOKEN", &token]] {
        let answer = con.run(&[&["AUTH.REVOKE", "auth:42"], target].concat());
        assert_eq!(refused(answer), "WRONGTYPE", "{target:?}");
    }
    assert_eq!(con.get::<String>(&["GET", "auth:42"]), "x");
}

#[test]
fn the_count_is_an_integer_in_both_protocols() {
    let redis = Redis::start();
    issued(&mut redis.connect(), 2);
    assert_eq!(redis.raw().resp3().call(&["AUTH.REVOKE", "auth:42", "ALL"]), Reply::Integer(2));
    assert_eq!(redis.raw().call(&["AUTH.REVOKE", "auth:42", "ALL"]), Reply::Integer(0));
}
