//! AUTH.ISSUE … AUTHTIME s: when the user proved who they are, if that was before the session.

use std::time::Duration;

use crate::support::{clock::Clocked, *};

#[test]
fn the_tokens_tell_when_the_user_proved_who_they_are() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let an_hour_ago = con.now_ms() / 1000 - 3600;
    let first = con.issue("auth:42", &["AUTHTIME", &an_hour_ago.to_string()]).unwrap();
    assert_eq!(first.claims()["auth_time"], an_hour_ago);
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(second.claims()["auth_time"], an_hour_ago, "a refresh is no login");
    let inspected = redis.raw().call(&["AUTH.INSPECT", "auth:42", &second.refresh]);
    assert_eq!(inspected.member("auth_time"), Reply::Integer(an_hour_ago));
    let issued_at = redis.raw().call(&["AUTH.SESSIONS", "auth:42"]).items()[0].member("issued_at");
    let Reply::Integer(issued_at) = issued_at else { panic!("{issued_at:?}") };
    assert!(issued_at >= an_hour_ago + 3600, "the session is new");
}

#[test]
fn without_it_it_is_when_the_session_began() {
    let clocked = Clocked::with(&[]);
    clocked.stand_still();
    let mut con = clocked.redis.connect();
    let now = con.now_ms() / 1000;
    assert_eq!(con.issue("auth:42", &[]).unwrap().claims()["auth_time"], now);
    assert_eq!(con.issue("auth:42", &["AUTHTIME", &now.to_string()]).unwrap().claims()["auth_time"], now);
    let soon = (now + 1).to_string();
    assert_eq!(refused(con.issue("auth:42", &["AUTHTIME", &soon])), "ERR", "in the future");
}

#[test]
fn it_may_be_long_ago_and_must_be_a_time() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for past in ["0", "1"] {
        let tokens = con.issue("auth:42", &["AUTHTIME", past]).unwrap();
        assert_eq!(tokens.claims()["auth_time"].to_string(), past);
        con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    }
    for bad in ["", "-1", "1.5", "01", "now", "4000000000", "18446744073709551616"] {
        let refusal = con.issue("auth:43", &["AUTHTIME", bad]).unwrap_err();
        assert_eq!(refusal.text, "hallpass: AUTHTIME takes Unix seconds that are not in the future", "{bad}");
    }
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:43"]), 0);
}

#[test]
fn not_before_counts_from_the_session_and_not_from_the_login_elsewhere() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &["AUTHTIME", "1000"]).unwrap();
    con.get::<()>(&["CONFIG", "SET", "hallpass.not-before", "2000"]);
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    con.let_pass(Duration::from_millis(1100));
    let now = (con.now_ms() / 1000).to_string();
    con.get::<()>(&["CONFIG", "SET", "hallpass.not-before", &now]);
    assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "EXPIREDTOKEN");
}
