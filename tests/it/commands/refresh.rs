//! AUTH.REFRESH: rotation, the parts of a session that it keeps, and its options.

use std::time::Duration;

use crate::support::{clock::Clocked, *};

#[test]
fn a_rotation_raises_the_generation_by_one_and_keeps_the_session() {
    let redis = Redis::start();
    let mut con = redis.connect3();
    let first = con.issue("auth:42", &["CLAIMS", r#"{"role":"admin"}"#]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();

    assert_eq!(second.session_id, first.session_id);
    assert_eq!((first.generation(), second.generation()), (0, 1));
    assert_eq!(second.evicted, None, "only ISSUE evicts");
    assert_eq!((second.expires_in, second.refresh_expires_in), (900, 1_209_600));
    let claims = con.verify("auth:42", &second.access, &[]).unwrap();
    assert_eq!((&claims["gen"], &claims["role"]), (&1.into(), &"admin".into()));
    assert_eq!(claims["auth_time"], first.claims()["auth_time"]);
    assert_eq!(con.counter("refreshed"), 1);
}

#[test]
fn replies_are_a_flat_array_in_resp2_and_a_map_in_resp3() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let flat = redis.raw().call(&["AUTH.REFRESH", "auth:42", &tokens.refresh]);
    let map = redis.raw().resp3().call(&["AUTH.REFRESH", "auth:42", &tokens.refresh]);
    assert!(matches!(flat, Reply::Array(_)) && matches!(map, Reply::Map(_)));
    assert_eq!((flat.pairs().len(), map.pairs().len()), (5, 5));
    for member in ["access_token", "refresh_token", "session_id"] {
        assert_eq!(flat.member(member), map.member(member));
        assert!(matches!(map.member(member), Reply::Bulk(_)));
    }
    assert!(matches!(map.member("expires_in"), Reply::Integer(_)));
}

#[test]
fn the_session_keeps_the_lifetimes_it_was_issued_with() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let options = ["ACCESSTTL", "60", "IDLETTL", "120", "MAXTTL", "600"];
    let first = con.issue("auth:42", &options).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(second.expires_in, 60);
    assert_eq!(second.refresh_expires_in, 120);
}

#[test]
fn no_rotation_outlives_the_absolute_end() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    con.issue("auth:42", &[]).unwrap();
    let first = con.issue("auth:42", &["MAXTTL", "500"]).unwrap();
    clocked.forward(Duration::from_secs(200));
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert!(second.refresh_expires_in <= 300, "{second:?}");
    assert_eq!(second.claims()["exp"], first.claims()["exp"]);
    clocked.forward(Duration::from_secs(501));
    assert_eq!(refused(con.refresh("auth:42", &second.refresh, &[])), "EXPIREDTOKEN");
}

#[test]
fn an_idle_session_expires_and_is_removed() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let lasting = con.issue("auth:42", &[]).unwrap();
    let idle = con.issue("auth:42", &["IDLETTL", "1"]).unwrap();
    con.let_pass(Duration::from_millis(1100));
    assert_eq!(refused(con.refresh("auth:42", &idle.refresh, &[])), "EXPIREDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &idle.refresh, &[])), "NOSESSION");
    assert_eq!(con.records("auth:42").into_keys().collect::<Vec<_>>(), [lasting.session_id]);
    assert_eq!(con.counter("expired"), 1);
}

#[test]
fn sessions_issued_before_not_before_are_expired() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let old = con.issue("auth:42", &[]).unwrap();
    let idle = con.issue("auth:43", &[]).unwrap();
    con.let_pass(Duration::from_millis(1100));
    let now = (con.now_ms() / 1000).to_string();
    con.get::<()>(&["CONFIG", "SET", "hallpass.not-before", &now]);

    assert_eq!(refused(con.verify("auth:43", &idle.access, &[])), "EXPIREDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &old.refresh, &[])), "EXPIREDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &old.refresh, &[])), "NOSESSION");
    let new = con.issue("auth:42", &[]).unwrap();
    con.verify("auth:42", &new.access, &[]).unwrap();
    con.refresh("auth:42", &new.refresh, &[]).unwrap();
}

#[test]
fn deleting_the_field_or_the_key_logs_out() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let one = con.issue("auth:42", &[]).unwrap();
    let two = con.issue("auth:42", &[]).unwrap();
    con.get::<i64>(&["HDEL", "auth:42", &one.session_id]);
    assert_eq!(refused(con.refresh("auth:42", &one.refresh, &[])), "NOSESSION");
    con.verify("auth:42", &two.access, &[]).unwrap();
    con.get::<i64>(&["DEL", "auth:42"]);
    assert_eq!(refused(con.refresh("auth:42", &two.refresh, &[])), "NOSESSION");
    assert_eq!(refused(con.verify("auth:42", &two.access, &[])), "NOSESSION");
}

#[test]
fn tokens_that_are_not_ours_are_invalid_and_touch_nothing() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.issue("auth:43", &[]).unwrap();
    let before = con.records("auth:42");
    let token = &tokens.refresh;
    let other_server = Redis::start().connect().issue("auth:42", &[]).unwrap().refresh;
    let flipped = format!("{}{}", &token[..token.len() - 2], if token.ends_with("AA") { "BA" } else { "AA" });
    let ring = redis.ring();
    for bad in [
        "",
        "x",
        ".....",
        "hp1.....",
        &token[1..],
        &token[..token.len() - 1],
        &flipped,
        &format!("{token}="),
        &format!("{token}."),
        &format!(" {token}"),
        &format!("{token}\n"),
        &token.replace("hp1", "hp2"),
        &token.replace("ref-1", "ref-2"),
        &token.replace("ref-1", "sig-1"),
        &tokens.access,
        &other_server,
        &jwt::forge_refresh(ring.key("sig-1"), token, "0"),
        &jwt::forge_refresh(ring.key("ref-1"), token, "00"),
        &jwt::forge_refresh(ring.key("ref-1"), token, "+0"),
        &jwt::forge_refresh(ring.key("ref-1"), token, "-1"),
        &jwt::forge_refresh(ring.key("ref-1"), token, "9007199254740992"),
        &jwt::forge_refresh(ring.key("ref-1"), token, "18446744073709551616"),
        &jwt::forge_refresh(ring.key("ref-1"), token, ""),
        &jwt::forge_refresh(ring.key("ref-1"), token, "0.0"),
    ] {
        assert_eq!(refused(con.refresh("auth:42", bad, &[])), "INVALIDTOKEN", "{bad}");
    }
    assert_eq!(refused(con.refresh("auth:43", token, &[])), "INVALIDTOKEN", "the key of another");
    assert_eq!(con.records("auth:42"), before);
    con.refresh("auth:42", token, &[]).unwrap();
    assert!(con.counter("invalid") >= 24);
}

#[test]
fn access_binds_the_exchange_to_a_token_of_the_same_session() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mine = con.issue("auth:42", &["ACCESSTTL", "1"]).unwrap();
    let sibling = con.issue("auth:42", &[]).unwrap();
    let stranger = con.issue("auth:43", &[]).unwrap();
    let before = con.records("auth:42");
    for wrong in ["", "x", &sibling.access, &stranger.access, &mine.refresh] {
        let answer = con.refresh("auth:42", &mine.refresh, &["ACCESS", wrong]);
        assert_eq!(refused(answer), "INVALIDTOKEN", "{wrong}");
    }
    assert_eq!(con.records("auth:42"), before);

    con.let_pass(Duration::from_millis(2100));
    assert_eq!(refused(con.verify("auth:42", &mine.access, &[])), "EXPIREDTOKEN");
    let next = con.refresh("auth:42", &mine.refresh, &["access", &mine.access]).unwrap();
    assert_eq!(next.generation(), 1);
}

#[test]
fn access_can_be_made_mandatory() {
    let redis = Redis::with(&["hallpass.refresh-requires-access yes"]);
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let before = con.records("auth:42");
    assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "ERR");
    assert_eq!(con.records("auth:42"), before);
    con.refresh("auth:42", &tokens.refresh, &["ACCESS", &tokens.access]).unwrap();
}

#[test]
fn a_session_bound_to_a_client_answers_only_to_it() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let bound = con.issue("auth:42", &["CLIENT", "web"]).unwrap();
    let before = con.records("auth:42");
    assert_eq!(refused(con.refresh("auth:42", &bound.refresh, &[])), "INVALIDTOKEN");
    for other in ["Web", "we", "webb", "app"] {
        let answer = con.refresh("auth:42", &bound.refresh, &["CLIENT", other]);
        assert_eq!(refused(answer), "INVALIDTOKEN", "{other}");
    }
    assert_eq!(con.records("auth:42"), before);
    let next = con.refresh("auth:42", &bound.refresh, &["CLIENT", "web"]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &bound.refresh, &[])), "INVALIDTOKEN", "retries too");
    assert_eq!(next.claims()["client_id"], "web");

    let free = con.issue("auth:42", &[]).unwrap();
    let next = con.refresh("auth:42", &free.refresh, &["CLIENT", "anybody"]).unwrap();
    assert!(next.claims().get("client_id").is_none());
}

#[test]
fn a_stale_token_with_the_wrong_client_ends_nothing() {
    let redis = Redis::with(&["hallpass.race-window 0", "hallpass.retry-window 0"]);
    let mut con = redis.connect();
    let bound = con.issue("auth:42", &["CLIENT", "web"]).unwrap();
    let next = con.refresh("auth:42", &bound.refresh, &["CLIENT", "web"]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &bound.refresh, &["CLIENT", "app"])), "INVALIDTOKEN");
    con.refresh("auth:42", &next.refresh, &["CLIENT", "web"]).unwrap();
}

#[test]
fn a_rotation_replaces_meta_and_a_retry_ignores_it() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let stored = |con: &mut Con, text: &str| {
        let records = con.records("auth:42");
        records.values().any(|record| record.windows(text.len()).any(|part| part == text.as_bytes()))
    };
    let tokens = con.issue("auth:42", &["META", r#"{"ua":"first"}"#]).unwrap();
    assert!(stored(&mut con, "first"));
    con.refresh("auth:42", &tokens.refresh, &["META", r#"{"ua":"second"}"#]).unwrap();
    assert!(stored(&mut con, "second") && !stored(&mut con, "first"));
    con.refresh("auth:42", &tokens.refresh, &["META", r#"{"ua":"third"}"#]).unwrap();
    assert!(stored(&mut con, "second") && !stored(&mut con, "third"));
}

#[test]
fn options_are_checked_before_anything_changes() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let before = con.records("auth:42");
    let big = format!(r#"{{"a":"{}"}}"#, "x".repeat(1020));
    for options in [
        &["META"][..],
        &["META", "[]"],
        &["META", &big],
        &["META", "{}", "META", "{}"],
        &["CLIENT"],
        &["CLIENT", "a b"],
        &["CLIENT", "a", "client", "a"],
        &["ACCESS"],
        &["ACCESS", &tokens.access, "ACCESS", &tokens.access],
        &["X"],
        &["CLAIMS", "{}"],
    ] {
        let refusal = con.refresh("auth:42", &tokens.refresh, options).unwrap_err();
        assert_eq!(refusal.code, "ERR", "{options:?}");
    }
    assert_eq!(con.records("auth:42"), before);
}

#[test]
fn another_type_at_the_key_is_a_wrong_type() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.get::<()>(&["SET", "auth:42", "x"]);
    assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "WRONGTYPE");
    assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "WRONGTYPE");
    assert_eq!(con.get::<String>(&["GET", "auth:42"]), "x");
}
