//! TOKEN: a token of either kind, of any age, ends its own session, and no other.

use std::time::Duration;

use super::{left, revoke};
use crate::support::*;

#[test]
fn a_refresh_token_of_any_generation_ends_its_session() {
    let redis = Redis::with(&["hallpass.race-window 0", "hallpass.retry-window 0"]);
    let mut con = redis.connect();
    let sibling = con.issue("auth:42", &[]).unwrap();
    for used in 0..4 {
        let mut tokens = vec![con.issue("auth:42", &[]).unwrap()];
        for _ in 0..3 {
            let next = con.refresh("auth:42", &tokens.last().unwrap().refresh, &[]).unwrap();
            tokens.push(next);
        }
        assert_eq!(revoke(&mut con, &["TOKEN", &tokens[used].refresh]), 1, "generation {used} of 3");
        assert_eq!(revoke(&mut con, &["token", &tokens[used].refresh]), 0, "it has ended");
        assert_eq!(refused(con.refresh("auth:42", &tokens[3].refresh, &[])), "NOSESSION");
    }
    assert_eq!(left(&mut con), [sibling.session_id.as_str()]);
    assert_eq!((con.counter("revoked"), con.counter("reused")), (4, 0), "logging out is no incident");
}

#[test]
fn an_access_token_of_any_age_ends_its_session() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["ACCESSTTL", "1"]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.let_pass(Duration::from_millis(2100));
    assert_eq!(refused(con.verify("auth:42", &first.access, &[])), "EXPIREDTOKEN");
    assert_eq!(revoke(&mut con, &["TOKEN", &first.access]), 1);

    let stale = con.issue("auth:42", &["AUDIENCE", "elsewhere"]).unwrap();
    con.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", "ALL", "{}"]);
    con.get::<()>(&["CONFIG", "SET", "hallpass.issuer", "https://new", "hallpass.audience", "here"]);
    assert_eq!(revoke(&mut con, &["TOKEN", &stale.access]), 1, "whatever else VERIFY would say");
    assert!(left(&mut con).is_empty());
}

#[test]
fn a_token_ahead_of_the_store_ends_its_session_too() {
    let redis = Redis::with(&["hallpass.recovery no"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let ahead = jwt::forge_refresh(redis.ring().key("ref-1"), &first.refresh, "7");
    assert_eq!(revoke(&mut con, &["TOKEN", &ahead]), 1);
    assert!(left(&mut con).is_empty());
}

#[test]
fn a_client_must_fit_where_the_session_is_bound() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let bound = con.issue("auth:42", &["CLIENT", "web"]).unwrap();
    let before = con.records("auth:42");
    for token in [&bound.refresh, &bound.access] {
        assert_eq!(revoke(&mut con, &["TOKEN", token]), 0);
        for other in ["Web", "we", "webb", "app"] {
            assert_eq!(revoke(&mut con, &["TOKEN", token, "CLIENT", other]), 0, "{other}");
        }
    }
    assert_eq!(con.records("auth:42"), before);
    assert_eq!(revoke(&mut con, &["TOKEN", &bound.refresh, "client", "web"]), 1);

    let again = con.issue("auth:42", &["CLIENT", "web"]).unwrap();
    assert_eq!(revoke(&mut con, &["TOKEN", &again.access, "CLIENT", "web"]), 1);
    let free = con.issue("auth:42", &[]).unwrap();
    assert_eq!(revoke(&mut con, &["TOKEN", &free.refresh, "CLIENT", "anybody"]), 1);
    let named = con.issue("auth:42", &["CLIENT", "web"]).unwrap();
    assert_eq!(revoke(&mut con, &["SESSION", &named.session_id]), 1, "by id nobody asks for the client");
}

#[test]
fn anything_but_a_token_of_this_key_counts_nothing() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let stranger = con.issue("auth:43", &[]).unwrap();
    let other_server = Redis::start().connect().issue("auth:42", &[]).unwrap();
    let before = con.records("auth:42");
    let ring = redis.ring();
    let (refresh, access) = (tokens.refresh.as_str(), tokens.access.as_str());
    let (unsigned, _) = access.rsplit_once('.').unwrap();
    let long = "A".repeat(8193);
    for bad in [
        "",
        "x",
        "..",
        "hp1.....",
        &refresh[1..],
        &refresh[..refresh.len() - 1],
        &format!("{refresh}."),
        &refresh.replace("ref-1", "sig-1"),
        &jwt::forge_refresh(ring.key("sig-1"), refresh, "0"),
        &stranger.refresh,
        &stranger.access,
        &other_server.refresh,
        &other_server.access,
        unsigned,
        &format!("{unsigned}."),
        &format!("{access}A"),
        &jwt::sign(ring.key("ref-1"), &jwt::header_for(ring.key("sig-1")), &tokens.claims()),
        &tokens.session_id,
        &long,
    ] {
        assert_eq!(revoke(&mut con, &["TOKEN", bad]), 0, "{bad}");
    }
    assert_eq!(con.records("auth:42"), before);
    assert_eq!(con.counter("revoked"), 0);
    con.verify("auth:43", &stranger.access, &[]).unwrap();
    con.refresh("auth:42", refresh, &[]).unwrap();
}

#[test]
fn a_token_of_a_key_that_has_left_the_ring_counts_nothing() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let ring = Keyring(vec![Key::signing("EdDSA", "sig-2"), Key::refresh("ref-2")]);
    ring.write(&redis.path("keyring.json"));
    con.get::<()>(&["AUTH.RELOAD"]);
    assert_eq!(revoke(&mut con, &["TOKEN", &tokens.refresh]), 0);
    assert_eq!(revoke(&mut con, &["TOKEN", &tokens.access]), 0);
    assert_eq!(revoke(&mut con, &["SESSION", &tokens.session_id]), 1, "by id it needs no key");
}
