//! A token fits one login: not one in another database, nor any other that ever bore its session id.

use std::time::Duration;

use crate::support::{clock::Clocked, *};

const SID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Logs in with the one session id.
fn login(con: &mut Con, options: &[&str]) -> Tokens {
    con.issue("auth:42", &[&["SID", SID], options].concat()).expect("a login")
}

/// Asserts that the tokens of a login that is no more do nothing to the one that has its session id now.
#[track_caller]
fn assert_fits_nothing(redis: &Redis, old: &Tokens, new: &Tokens) {
    let mut con = redis.connect();
    assert_ne!(old.refresh, new.refresh);
    assert_eq!(refused(con.verify("auth:42", &old.access, &[])), "NOSESSION");
    assert_eq!(refused(con.refresh("auth:42", &old.refresh, &[])), "NOSESSION");
    assert_eq!(refused(con.refresh("auth:42", &new.refresh, &["ACCESS", &old.access])), "NOSESSION");
    assert_eq!(refused(con.refresh("auth:42", &old.refresh, &["ACCESS", &new.access])), "NOSESSION");
    let inspected = redis.raw().call(&["AUTH.INSPECT", "auth:42", &old.refresh]);
    assert_eq!(inspected.member("state").text(), "gone");
    assert_eq!(inspected.pairs().len(), 4, "{inspected:?}");
    for token in [&old.refresh, &old.access] {
        assert_eq!(con.get::<i64>(&["AUTH.REVOKE", "auth:42", "TOKEN", token]), 0);
    }
    con.verify("auth:42", &new.access, &[]).unwrap();
    con.refresh("auth:42", &new.refresh, &["ACCESS", &new.access]).unwrap();
}

#[test]
fn a_token_of_another_database_is_worth_nothing() {
    let redis = Redis::start();
    let mut production = redis.connect();
    let mut staging = redis.connect();
    staging.get::<()>(&["SELECT", "1"]);
    let ours = login(&mut production, &[]);
    let forged = login(&mut staging, &["CLAIMS", r#"{"role":"admin"}"#]);
    assert_eq!((&forged.claims()["db"], ours.claims().get("db")), (&1.into(), None));
    staging.verify("auth:42", &forged.access, &[]).unwrap();

    let records = production.records("auth:42");
    for (con, tokens, others) in [(&mut production, &ours, &forged), (&mut staging, &forged, &ours)] {
        assert_eq!(refused(con.verify("auth:42", &others.access, &[])), "INVALIDTOKEN");
        assert_eq!(refused(con.refresh("auth:42", &others.refresh, &[])), "INVALIDTOKEN");
        assert_eq!(refused(con.run(&["AUTH.INSPECT", "auth:42", &others.refresh])), "INVALIDTOKEN");
        let both = con.refresh("auth:42", &tokens.refresh, &["ACCESS", &others.access]);
        assert_eq!(refused(both), "INVALIDTOKEN");
        for token in [&others.refresh, &others.access] {
            assert_eq!(con.get::<i64>(&["AUTH.REVOKE", "auth:42", "TOKEN", token]), 0);
        }
    }
    assert_eq!(production.records("auth:42"), records);
    assert_eq!(production.counter("reused"), 0);
    staging.refresh("auth:42", &forged.refresh, &["ACCESS", &forged.access]).unwrap();
    production.refresh("auth:42", &ours.refresh, &["ACCESS", &ours.access]).unwrap();
}

#[test]
fn a_key_that_moves_to_another_database_leaves_its_tokens_behind() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = login(&mut con, &[]);
    assert_eq!(con.get::<i64>(&["MOVE", "auth:42", "3"]), 1);
    con.get::<()>(&["SELECT", "3"]);
    assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "INVALIDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "INVALIDTOKEN");
    assert_eq!(con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]), 1, "they can be ended by id");
}

#[test]
fn a_session_id_that_is_issued_again_takes_no_older_token() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for end in [&["AUTH.REVOKE", "auth:42", "ALL"][..], &["HDEL", "auth:42", SID], &["DEL", "auth:42"]] {
        let old = login(&mut con, &[]);
        con.get::<i64>(end);
        let new = login(&mut con, &["CLAIMS", r#"{"role":"admin"}"#]);
        assert_fits_nothing(&redis, &old, &new);
        con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    }
}

#[test]
fn a_session_id_that_is_issued_again_in_the_same_millisecond_takes_no_older_token() {
    let clocked = Clocked::with(&[]);
    clocked.stand_still();
    let mut con = clocked.redis.connect();
    let mut logins: Vec<Tokens> = vec![];
    for _ in 0..5 {
        con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
        logins.push(login(&mut con, &[]));
    }
    let (new, old) = logins.split_last().expect("five");
    let tokens: std::collections::BTreeSet<&str> =
        logins.iter().map(|login| login.refresh.as_str()).collect();
    assert_eq!(tokens.len(), 5);
    for old in &old[1..] {
        assert_eq!(refused(con.refresh("auth:42", &old.refresh, &[])), "NOSESSION");
    }
    assert_fits_nothing(&clocked.redis, &old[0], new);
}

#[test]
fn an_id_that_the_module_chose_and_a_caller_issues_again_takes_no_older_token() {
    let clocked = Clocked::with(&[]);
    clocked.stand_still();
    let mut con = clocked.redis.connect();
    let old = con.issue("auth:42", &[]).unwrap();
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    let new = con.issue("auth:42", &["SID", &old.session_id]).unwrap();
    assert_fits_nothing(&clocked.redis, &old, &new);
}

#[test]
fn a_restored_backup_takes_the_tokens_of_its_own_login_only() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let old = login(&mut con, &[]);
    let backup: Vec<u8> = con.get(&["DUMP", "auth:42"]);
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    let new = login(&mut con, &[]);
    con.get::<i64>(&["DEL", "auth:42"]);
    con.run(&[&b"RESTORE"[..], b"auth:42", b"0", &backup]).unwrap();
    assert_fits_nothing(&redis, &new, &old);
}

#[test]
fn a_clock_that_was_stepped_back_lends_no_token_to_another_login() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    let old = login(&mut con, &[]);
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    clocked.back(Duration::from_secs(3600));
    let new = login(&mut con, &[]);
    assert_fits_nothing(&clocked.redis, &old, &new);

    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    clocked.stand_still();
    let first = login(&mut con, &[]);
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    clocked.right();
    clocked.stand_still();
    let second = login(&mut con, &[]);
    assert_fits_nothing(&clocked.redis, &first, &second);
}

#[test]
fn a_receipt_of_an_earlier_login_is_none_of_a_later_one() {
    let redis = Redis::with(&["hallpass.race-window 0"]);
    let mut con = redis.connect();
    let old = login(&mut con, &[]);
    let old = con.refresh("auth:42", &old.refresh, &[]).unwrap();
    con.verify("auth:42", &old.access, &[]).unwrap();
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    let first = login(&mut con, &[]);
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(again.refresh, second.refresh, "a lost answer is a retry");
}

#[test]
fn a_receipt_in_one_database_is_none_in_another() {
    let redis = Redis::builder().line("hallpass.race-window 0").start();
    let mut con = redis.connect();
    let first = login(&mut con, &[]);
    let record: Vec<u8> = con.get(&["DUMP", "auth:42"]);
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.get::<()>(&["SELECT", "1"]);
    con.run(&[&b"RESTORE"[..], b"auth:42", b"0", &record]).unwrap();
    // The same login stands in both databases, and its next token here is of this database.
    let forged = jwt::forge_refresh_of_database(redis.ring().key("ref-1"), &first.refresh, 1);
    let next = con.refresh("auth:42", &forged, &[]).unwrap();
    con.verify("auth:42", &next.access, &[]).unwrap();
    con.get::<()>(&["SELECT", "0"]);
    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(again.refresh, second.refresh, "it was not received here");
}
