//! AUTH.ISSUE: limits, lifetimes, and repetition.

use std::time::Duration;

use uuid::Uuid;

use crate::support::*;

/// Returns the sids at `key`, sorted.
fn sids(con: &mut Con, key: &str) -> Vec<String> {
    con.records(key).into_keys().collect()
}

#[test]
fn the_least_recently_rotated_session_makes_room() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut issue = |options: &[&str]| {
        con.let_pass(Duration::from_millis(3));
        con.issue("auth:42", options).unwrap()
    };
    let first = issue(&[]);
    let second = issue(&[]);
    con.let_pass(Duration::from_millis(3));
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let third = con.issue("auth:42", &["LIMIT", "2"]).unwrap();

    assert_eq!(third.evicted, Some(vec![second.session_id.clone()]));
    assert_eq!(sids(&mut con, "auth:42"), [first.session_id, third.session_id.clone()]);
    let gone = con.refresh("auth:42", &second.refresh, &[]);
    assert_eq!(refused(gone), "NOSESSION");
    assert_eq!(con.counter("evicted"), 1);
}

#[test]
fn limit_one_replaces_every_other_session() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut old: Vec<String> = (0..4).map(|_| con.issue("auth:42", &[]).unwrap().session_id).collect();
    let last = con.issue("auth:42", &["LIMIT", "1", "EVICT"]).unwrap();
    let mut evicted = last.evicted.unwrap();
    evicted.sort();
    old.sort();
    assert_eq!(evicted, old);
    assert_eq!(sids(&mut con, "auth:42"), [last.session_id]);
}

#[test]
fn reject_leaves_everything_as_it_was() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.issue("auth:42", &[]).unwrap();
    let before = con.records("auth:42");
    assert_eq!(refused(con.issue("auth:42", &["LIMIT", "1", "REJECT"])), "SESSIONLIMIT");
    assert_eq!(con.records("auth:42"), before);
    con.issue("auth:42", &["LIMIT", "2", "REJECT"]).unwrap();
}

#[test]
fn a_limit_with_a_class_counts_that_class_only() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let web = con.issue("auth:42", &["CLASS", "web"]).unwrap();
    let phone = con.issue("auth:42", &["CLASS", "phone"]).unwrap();
    let plain = con.issue("auth:42", &[]).unwrap();
    let next = con.issue("auth:42", &["CLASS", "phone", "LIMIT", "1"]).unwrap();
    assert_eq!(next.evicted, Some(vec![phone.session_id]));
    let mut left = vec![web.session_id, plain.session_id, next.session_id];
    left.sort();
    assert_eq!(sids(&mut con, "auth:42"), left);
    let again = con.issue("auth:42", &["CLASS", "phone", "LIMIT", "1", "REJECT"]);
    assert_eq!(refused(again), "SESSIONLIMIT");
    con.issue("auth:42", &["CLASS", "tv", "LIMIT", "1", "REJECT"]).unwrap();
}

#[test]
fn a_limit_lies_between_one_and_ten_thousand() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for limit in ["0", "-1", "10001", "1.5", "", "x", "99999999999999999999", " 1", "+1"] {
        assert_eq!(refused(con.issue("auth:42", &["LIMIT", limit])), "ERR", "{limit}");
    }
    con.issue("auth:42", &["LIMIT", "10000"]).unwrap();
}

#[test]
fn the_session_limit_caps_the_whole_hash_whatever_else_is_asked() {
    let redis = Redis::with(&["hallpass.session-limit 3"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["CLASS", "a"]).unwrap();
    con.let_pass(Duration::from_millis(3));
    con.issue("auth:42", &["CLASS", "b"]).unwrap();
    con.issue("auth:42", &["CLASS", "c"]).unwrap();
    let fourth = con.issue("auth:42", &["CLASS", "d", "LIMIT", "2"]).unwrap();
    assert_eq!(fourth.evicted, Some(vec![first.session_id]));
    let rejected = con.issue("auth:42", &["CLASS", "e", "LIMIT", "2", "REJECT"]);
    assert_eq!(refused(rejected), "SESSIONLIMIT");
    assert_eq!(sids(&mut con, "auth:42").len(), 3);

    con.get::<()>(&["CONFIG", "SET", "hallpass.session-limit", "0"]);
    con.issue("auth:42", &[]).unwrap();
    assert_eq!(sids(&mut con, "auth:42").len(), 4);
}

#[test]
fn ttls_that_are_not_given_are_lowered_to_fit() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut lifetimes = |options: &[&str]| {
        let tokens = con.issue("auth:42", options).unwrap();
        (tokens.expires_in, tokens.refresh_expires_in)
    };
    assert_eq!(lifetimes(&["ACCESSTTL", "60"]), (60, 1_209_600));
    assert_eq!(lifetimes(&["IDLETTL", "60"]), (60, 60));
    assert_eq!(lifetimes(&["MAXTTL", "30"]), (30, 30));
    assert_eq!(lifetimes(&["MAXTTL", "1000"]), (900, 1000));
    assert_eq!(lifetimes(&["IDLETTL", "5184000"]), (900, 5_184_000));
    assert_eq!(lifetimes(&["ACCESSTTL", "1", "IDLETTL", "1", "MAXTTL", "1"]), (1, 1));
    assert_eq!(lifetimes(&["ACCESSTTL", "86400", "MAXTTL", "7776000"]), (86_400, 1_209_600));
}

#[test]
fn ttls_that_contradict_each_other_or_are_out_of_range_are_refused() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for options in [
        &["ACCESSTTL", "61", "IDLETTL", "60"][..],
        &["IDLETTL", "61", "MAXTTL", "60"],
        &["ACCESSTTL", "61", "MAXTTL", "60"],
        &["MAXTTL", "7776001"],
        &["IDLETTL", "7776001"],
        &["ACCESSTTL", "86401"],
        &["ACCESSTTL", "0"],
        &["IDLETTL", "0"],
        &["MAXTTL", "0"],
        &["ACCESSTTL", "-1"],
        &["ACCESSTTL", "1.5"],
        &["IDLETTL", "9223372036854775808"],
        &["MAXTTL", "x"],
        &["MAXTTL", ""],
    ] {
        let refusal = con.issue("auth:42", options).expect_err(&format!("{options:?}"));
        assert_eq!(refusal.code, "ERR", "{options:?}");
    }
    assert!(con.records("auth:42").is_empty());
}

#[test]
fn repeating_with_the_same_sid_answers_the_same_and_evicts_nothing() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let sid = "01890a5d-ac96-774b-bcce-b302099a8057";
    let other = con.issue("auth:42", &[]).unwrap();
    let first = con.issue("auth:42", &["SID", sid, "CLAIMS", r#"{"a":1}"#]).unwrap();
    assert_eq!(first.session_id, sid);
    let before = con.records("auth:42");

    let again = ["SID", sid, "CLAIMS", r#"{"a":2}"#, "LIMIT", "1", "ACCESSTTL", "5", "CLASS", "x"];
    let second = con.issue("auth:42", &again).unwrap();
    assert_eq!((&second.access, &second.refresh), (&first.access, &first.refresh));
    assert_eq!(second.evicted, Some(vec![]));
    assert_eq!(con.records("auth:42"), before);
    assert_eq!(refused(con.issue("auth:42", &["SID", sid, "LIMIT", "x"])), "ERR");
    con.refresh("auth:42", &other.refresh, &[]).unwrap();
}

#[test]
fn a_sid_cannot_be_issued_again_once_its_session_moved_on() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let sid = "01890a5d-ac96-774b-bcce-b302099a8057";
    let first = con.issue("auth:42", &["SID", sid]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(refused(con.issue("auth:42", &["SID", sid])), "ERR");
}

#[test]
fn a_sid_cannot_be_issued_again_after_the_retry_window() {
    let redis = Redis::with(&["hallpass.retry-window 1", "hallpass.race-window 1"]);
    let mut con = redis.connect();
    let sid = "01890a5d-ac96-774b-bcce-b302099a8057";
    con.issue("auth:42", &["SID", sid]).unwrap();
    con.let_pass(Duration::from_millis(1100));
    let before = con.records("auth:42");
    assert_eq!(refused(con.issue("auth:42", &["SID", sid])), "ERR");
    assert_eq!(con.records("auth:42"), before);
}

#[test]
fn a_sid_is_a_canonical_lower_case_uuid_of_version_seven() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let good = "01890a5d-ac96-774b-bcce-b302099a8057";
    let v4 = Uuid::from_u128(0x8c2a_5bb4_9f3e_4a1c_9f3e_4a1c_9f3e_4a1c).to_string();
    let wrong_variant = "01890a5d-ac96-774b-7cce-b302099a8057";
    for sid in [
        "",
        "x",
        &v4,
        wrong_variant,
        &good.to_uppercase(),
        &good.replace('-', ""),
        &format!("{{{good}}}"),
        &format!(" {good}"),
        &format!("{good}0"),
        "00000000-0000-0000-0000-000000000000",
    ] {
        assert_eq!(refused(con.issue("auth:42", &["SID", sid])), "ERR", "{sid}");
    }
    assert!(con.records("auth:42").is_empty());
    con.issue("auth:42", &["SID", good]).unwrap();
}
