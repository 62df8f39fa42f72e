//! The clock goes back by an hour: nobody is logged out, and windows begin again.

use super::*;

/// A little more than the smallest window.
const A_SECOND: Duration = Duration::from_millis(1100);

#[test]
fn sessions_go_on_from_the_earlier_time() {
    let server = Clocked::with(&[]);
    let mut con = server.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    server.back(HOUR);
    con.verify("auth:42", &first.access, &[]).unwrap();
    let second = assert_usable(&mut con, &first);
    assert!(number(&second, "iat") < number(&first, "iat") - 3000);
    assert_eq!(second.claims()["auth_time"], first.claims()["auth_time"]);
    assert_eq!((second.expires_in, second.refresh_expires_in), (900, 1_209_600));
    let third = assert_usable(&mut con, &second);

    server.right();
    assert_eq!(refused(con.verify("auth:42", &third.access, &[])), "EXPIREDTOKEN", "minted an hour ago");
    assert_usable(&mut con, &third);
    assert_eq!((con.counter("reused"), con.counter("recovered")), (0, 0));
}

#[test]
fn a_retry_of_a_rotation_that_is_still_to_come_is_answered() {
    let server = Clocked::with(&["hallpass.race-window 1"]);
    let mut con = server.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    let state = con.records("auth:42");
    server.back(HOUR);
    for _ in 0..2 {
        let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
        assert_eq!((&again.access, &again.refresh), (&second.access, &second.refresh));
        con.let_pass(A_SECOND);
    }
    assert_eq!(con.records("auth:42"), state, "a retry changes nothing");
    assert_usable(&mut con, &second);
}

#[test]
fn the_race_window_of_a_later_rotation_ends_in_time() {
    let server = Clocked::with(&["hallpass.race-window 60"]);
    let mut con = server.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    server.back(HOUR);
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    con.verify("auth:42", &third.access, &[]).unwrap();
    con.refresh("auth:42", &second.refresh, &[]).unwrap();
    server.back(HOUR - Duration::from_secs(61));
    assert_eq!(refused(con.refresh("auth:42", &second.refresh, &[])), "REUSEDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &third.refresh, &[])), "NOSESSION");
}

#[test]
fn a_stolen_token_is_still_found_out() {
    let server = Clocked::with(&[]);
    let mut con = server.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    server.back(HOUR);
    con.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
}

#[test]
fn the_key_outlives_its_sessions_all_the_same() {
    let server = Clocked::with(&[]);
    let mut con = server.redis.connect();
    let end = con.now_ms() + 1_209_600_000;
    con.issue("auth:42", &[]).unwrap();
    let expiry = con.expires_at("auth:42");
    server.back(HOUR);
    let short = con.issue("auth:42", &["IDLETTL", "60"]).unwrap();
    assert_eq!(con.expires_at("auth:42"), expiry, "it is only extended");
    con.refresh("auth:42", &short.refresh, &[]).unwrap();
    con.get::<i64>(&["PERSIST", "auth:42"]);
    con.issue("auth:42", &[]).unwrap();
    assert!(con.expires_at("auth:42") >= end, "at the end of the latest session, or later");
}

#[test]
fn limits_and_lists_hold() {
    let server = Clocked::with(&[]);
    let mut con = server.redis.connect();
    let later = con.issue("auth:42", &[]).unwrap();
    server.back(HOUR);
    let earlier = con.issue("auth:42", &["LIMIT", "2"]).unwrap();
    assert_eq!(con.get::<Vec<redis::Value>>(&["AUTH.SESSIONS", "auth:42"]).len(), 2);
    let last = con.issue("auth:42", &["LIMIT", "2"]).unwrap();
    assert_eq!(last.evicted.as_deref(), Some(&[earlier.session_id][..]), "the smallest rotation time goes");
    assert_usable(&mut con, &last);
    assert_usable(&mut con, &later);
}

#[test]
fn a_change_of_claims_is_never_undone() {
    let server = Clocked::with(&[]);
    let mut con = server.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    con.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", "ALL", r#"{"role":"one"}"#]);
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    server.back(HOUR);
    con.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", "ALL", r#"{"role":"two"}"#]);
    assert_eq!(refused(con.verify("auth:42", &second.access, &[])), "STALETOKEN");
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!(con.verify("auth:42", &third.access, &[]).unwrap()["role"], "two");
    assert!(number(&third, "cv") > number(&second, "cv"));
}
