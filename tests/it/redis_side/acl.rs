//! The rights of an ACL user with named AUTH commands.

use crate::support::*;

/// Connects as a new user with these rules.
fn user(redis: &Redis, rules: &[&str]) -> Con {
    let start = ["ACL", "SETUSER", "app", "reset", "on", ">secret", "resetchannels", "-@all"];
    redis.connect().get::<()>(&[&start, rules].concat());
    redis.connect_as("app", "secret")
}

#[test]
fn a_verifier_can_verify_and_nothing_else() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let before = con.records("auth:42");
    let mut app = user(&redis, &["+auth.verify", "%R~auth:*"]);
    app.verify("auth:42", &tokens.access, &[]).unwrap();

    assert_eq!(refused(app.verify("other:42", &tokens.access, &[])), "NOPERM");
    assert_eq!(refused(app.issue("auth:42", &[])), "NOPERM");
    assert_eq!(refused(app.refresh("auth:42", &tokens.refresh, &[])), "NOPERM");
    for command in [
        &["AUTH.JWKS"][..],
        &["HGETALL", "auth:42"],
        &["HSET", "auth:42", "a", "b"],
        &["DEL", "auth:42"],
        &["GET", "x"],
        &["INFO"],
        &["CONFIG", "GET", "*"],
        &["EVAL", "return 1", "0"],
        &["KEYS", "*"],
        &["PUBLISH", "hallpass:events", "x"],
        &["SUBSCRIBE", "hallpass:events"],
        &["ACL", "LIST"],
        &["MONITOR"],
        &["DEBUG", "SLEEP", "0"],
        &["PING"],
    ] {
        assert_eq!(refused(app.run(command)), "NOPERM", "{command:?}");
    }
    assert_eq!(con.records("auth:42"), before);
}

#[test]
fn writing_commands_need_the_right_to_write_the_key() {
    let redis = Redis::start();
    let tokens = redis.connect().issue("auth:42", &[]).unwrap();
    let mut app = user(&redis, &["+auth.issue", "+auth.refresh", "%R~auth:*"]);
    assert_eq!(refused(app.issue("auth:42", &[])), "NOPERM");
    assert_eq!(refused(app.refresh("auth:42", &tokens.refresh, &[])), "NOPERM");

    let mut app = user(&redis, &["+auth.verify", "%W~auth:*"]);
    assert_eq!(refused(app.verify("auth:42", &tokens.access, &[])), "NOPERM");
}

#[test]
fn an_issuer_needs_nothing_but_the_auth_commands() {
    let redis = Redis::start();
    let mut app = user(&redis, &["+auth.issue", "+auth.refresh", "+auth.jwks", "~auth:*"]);
    let first = app.issue("auth:42", &[]).unwrap();
    app.issue("auth:42", &["LIMIT", "2"]).unwrap();
    let evicting = app.issue("auth:42", &["LIMIT", "1"]).unwrap();
    assert_eq!(evicting.evicted.unwrap().len(), 2, "the event needs no right to publish");
    assert_eq!(refused(app.refresh("auth:42", &first.refresh, &[])), "NOSESSION");
    app.jwks();
    assert_eq!(refused(app.issue("user:42", &[])), "NOPERM");
    assert_eq!(refused(app.verify("auth:42", &first.access, &[])), "NOPERM");
}

#[test]
fn a_user_of_one_subject_cannot_touch_another() {
    let redis = Redis::start();
    let theirs = redis.connect().issue("auth:43", &[]).unwrap();
    let mut app = user(&redis, &["+auth.issue", "+auth.refresh", "+auth.verify", "~auth:42"]);
    app.issue("auth:42", &[]).unwrap();
    assert_eq!(refused(app.issue("auth:43", &[])), "NOPERM");
    assert_eq!(refused(app.refresh("auth:43", &theirs.refresh, &[])), "NOPERM");
    assert_eq!(refused(app.verify("auth:43", &theirs.access, &[])), "NOPERM");
}

#[test]
fn a_reader_can_look_in_every_format_and_issue_nothing() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &["SHARED", "1", "CLIENT", "web", "PUBLIC"]).unwrap();
    let mut app = user(&redis, &["+auth.inspect", "+auth.sessions", "+auth.keys", "%R~auth:*"]);
    app.run(&["AUTH.INSPECT", "auth:42", &tokens.refresh, "WITHCLAIMS", "FORMAT", "JSON"]).unwrap();
    app.run(&["AUTH.SESSIONS", "auth:42", "FORMAT", "JSON"]).unwrap();
    app.run(&["AUTH.KEYS", "FORMAT", "JSON"]).unwrap();
    assert_eq!(refused(app.issue("auth:42", &["SHARED", "9", "AUTHTIME", "1", "FORMAT", "JSON"])), "NOPERM");
    assert_eq!(refused(app.refresh("auth:42", &tokens.refresh, &["FORMAT", "JSON"])), "NOPERM");
    assert_eq!(refused(app.run(&["AUTH.SESSIONS", "other:42", "FORMAT", "JSON"])), "NOPERM");
}
