//! Rings whose keys expire: clear errors that do not blame the caller, and nothing is lost.

use std::time::Duration;

use crate::support::{clock::Clocked, *};

/// The answer when no key of the ring may sign: an outage for the caller, not its mistake.
const NO_KEY: &str = "no key of the ring is valid now";

/// Returns the time in Unix seconds.
fn now() -> i64 {
    i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap()
}

/// Asserts that a command is refused because no key may sign.
#[track_caller]
fn has_no_key<T: std::fmt::Debug>(answer: Answer<T>) {
    let refusal = answer.unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.text.as_str()), ("ERR", NO_KEY));
}

/// How long the keys last that expire in the middle of a test, in seconds: longer than a busy machine takes to get there.
const LIFETIME: i64 = 500;

/// Starts a server with keys some of which last for [`LIFETIME`].
fn start(ring: &Keyring) -> Clocked {
    Clocked::start(Redis::builder().keyring(ring.clone()))
}

/// Lets those keys expire.
fn expire(clocked: &Clocked) {
    clocked.forward(Duration::from_secs(LIFETIME.unsigned_abs() + 1));
}

#[test]
fn a_ring_without_a_signing_key_in_force_changes_nothing_and_recovers() {
    let end = now() + LIFETIME;
    let ring = Keyring(vec![Key::signing("EdDSA", "sig-1").with("exp", end), Key::refresh("ref-1")]);
    let clocked = start(&ring);
    let redis = &clocked.redis;
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    expire(&clocked);
    let before = (con.records("auth:42"), con.expires_at("auth:42"));

    has_no_key(con.issue("auth:42", &[]));
    has_no_key(con.issue("auth:43", &["LIMIT", "1"]));
    has_no_key(con.refresh("auth:42", &second.refresh, &[]));
    has_no_key(con.refresh("auth:42", &first.refresh, &[]));
    assert_eq!(refused(con.verify("auth:42", &second.access, &[])), "INVALIDTOKEN");
    assert_eq!(con.jwks()["keys"].as_array().unwrap().len(), 0);
    assert_eq!(con.info("signing_kid"), "");
    let inspected = redis.raw().call(&["AUTH.INSPECT", "auth:42", &second.refresh]);
    assert_eq!(inspected.member("state").text(), "current");
    assert_eq!(redis.raw().call(&["AUTH.SESSIONS", "auth:42"]).items().len(), 1);
    assert_eq!((con.records("auth:42"), con.expires_at("auth:42")), before);
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:43"]), 0);

    ring.and(Key::signing("EdDSA", "sig-2")).write(&redis.path("keyring.json"));
    con.get::<()>(&["AUTH.RELOAD"]);
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!(third.generation(), 2);
    con.verify("auth:42", &third.access, &[]).unwrap();
}

#[test]
fn a_ring_without_a_refresh_key_in_force_begins_no_session() {
    let end = now() + LIFETIME;
    let ring = Keyring(vec![Key::signing("EdDSA", "sig-1"), Key::refresh("ref-1").with("exp", end)]);
    let clocked = start(&ring);
    let redis = &clocked.redis;
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    expire(&clocked);
    let before = con.records("auth:42");

    has_no_key(con.issue("auth:42", &[]));
    assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "INVALIDTOKEN", "its key is no more");
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    assert_eq!(con.info("refresh_kid"), "");
    assert_eq!(con.records("auth:42"), before);

    ring.and(Key::refresh("ref-2")).write(&redis.path("keyring.json"));
    con.get::<()>(&["AUTH.RELOAD"]);
    con.issue("auth:42", &[]).unwrap();
}

#[test]
fn logging_out_needs_no_key() {
    let end = now() + LIFETIME;
    let ring = Keyring(vec![
        Key::signing("EdDSA", "sig-1").with("exp", end),
        Key::refresh("ref-1").with("exp", end),
    ]);
    let clocked = start(&ring);
    let mut con = clocked.redis.connect();
    let tokens: Vec<Tokens> = (0..3).map(|_| con.issue("auth:42", &[]).unwrap()).collect();
    expire(&clocked);
    let mut revoke = |target: &[&str]| con.get::<i64>(&[&["AUTH.REVOKE", "auth:42"], target].concat());
    assert_eq!(revoke(&["TOKEN", &tokens[0].refresh]), 0, "it can no longer be told from a forgery");
    assert_eq!(revoke(&["SESSION", &tokens[0].session_id]), 1);
    assert_eq!(revoke(&["ALL"]), 2);
}

#[test]
fn keys_that_only_begin_later_do_not_sign_yet() {
    let ring = Keyring(vec![
        Key::signing("EdDSA", "sig-1").with("nbf", now() + 1000),
        Key::refresh("ref-1").with("nbf", now() + 1000),
    ]);
    let redis = Redis::builder().keyring(ring).start();
    let mut con = redis.connect();
    has_no_key(con.issue("auth:42", &[]));
    assert_eq!(con.jwks()["keys"].as_array().unwrap().len(), 1, "published beforehand");
    let raw = redis.raw().call(&["AUTH.ISSUE", "auth:42"]).text();
    assert!(!raw.starts_with("ERR hallpass:"), "no mistake of the caller's: {raw}");
}

#[test]
fn a_key_that_expires_hands_over_to_an_older_one() {
    let end = now() + LIFETIME;
    let ring = Keyring(vec![
        Key::signing("EdDSA", "sig-1"),
        Key::signing("EdDSA", "sig-2").with("nbf", now() - 10).with("exp", end),
        Key::refresh("ref-1"),
        Key::refresh("ref-2").with("nbf", now() - 10).with("exp", end),
    ]);
    let clocked = start(&ring);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    assert_eq!(tokens::header(&first.access)["kid"], "sig-2");
    expire(&clocked);
    let second = con.issue("auth:42", &[]).unwrap();
    assert_eq!(tokens::header(&second.access)["kid"], "sig-1");
    assert_eq!(tokens::refresh_parts(&second.refresh)[1], "ref-1");
    assert_eq!(refused(con.verify("auth:42", &first.access, &[])), "INVALIDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "INVALIDTOKEN");
}

/// Returns rings that are well-formed, but with which nobody could log in or refresh.
fn useless_rings() -> Vec<Keyring> {
    let (sig, refresh) = (Key::signing("EdDSA", "sig-9"), Key::refresh("ref-9"));
    vec![
        Keyring(vec![sig.clone().with("exp", now() - 1), refresh.clone()]),
        Keyring(vec![sig.clone().with("nbf", now() + 1000), refresh.clone()]),
        Keyring(vec![sig.clone(), refresh.clone().with("exp", now() - 1)]),
        Keyring(vec![sig, refresh.with("nbf", now() + 1000)]),
    ]
}

/// Returns how often the log says that nothing can be signed.
fn complaints(redis: &Redis, words: &str) -> usize {
    redis.log().lines().filter(|line| line.contains(words)).count()
}

#[test]
fn a_ring_that_cannot_sign_is_not_taken_by_a_server_that_runs() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut tokens = con.issue("auth:42", &[]).unwrap();
    for ring in useless_rings() {
        ring.write(&redis.path("keyring.json"));
        let refusal = con.run(&["AUTH.RELOAD"]).unwrap_err();
        assert!(refusal.text.starts_with("hallpass: the keyring file is not usable"), "{refusal:?}");
        assert_eq!((con.info("signing_kid"), con.info("warnings").contains("ring")), ("sig-1".into(), false));
        tokens = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    }
    assert_eq!(complaints(&redis, "may sign now"), 4, "{}", redis.log());
}

#[test]
fn a_ring_that_cannot_sign_keeps_no_server_from_starting() {
    for ring in useless_rings() {
        let redis = Redis::builder().keyring(ring).start();
        let mut con = redis.connect();
        con.get::<()>(&["SET", "other", "data"]);
        has_no_key(con.issue("auth:42", &[]));
        assert!(con.info("warnings").contains("no key of the ring may sign now"), "{}", con.info("warnings"));
        assert_eq!(complaints(&redis, "no key of the ring may sign now"), 1, "{}", redis.log());
    }
}

#[test]
fn a_ring_whose_last_key_expires_is_warned_of_and_still_verifies() {
    let end = now() + 1_000;
    let ring = Keyring(vec![Key::signing("EdDSA", "sig-1"), Key::refresh("ref-1").with("exp", end)]);
    let clocked = Clocked::start(Redis::builder().keyring(ring));
    let mut con = clocked.redis.connect();
    let tokens = con.issue("auth:42", &["ACCESSTTL", "3000"]).unwrap();
    assert!(!con.info("warnings").contains("ring"));
    clocked.forward(Duration::from_secs(1_001));
    assert!(con.info("warnings").contains("no key of the ring may sign now"));
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    has_no_key(con.issue("auth:42", &[]));
}
