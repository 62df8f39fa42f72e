//! Retries across the end of a key: the key of the rotation as long as it is valid, then the one that signs now.

use super::*;
use crate::support::clock::Clocked;

/// Returns a signing and a refresh key that take over at `nbf` and end at `exp`, beside a pair that does not end.
fn with_passing_keys(ring: Keyring, nbf: i64, exp: i64) -> Keyring {
    let passing = |key: Key| key.with("nbf", nbf).with("exp", exp);
    ring.and(passing(Key::signing("EdDSA", "sig-2"))).and(passing(Key::refresh("ref-2")))
}

/// Returns the ids of the keys that made a pair of tokens.
fn kids(tokens: &Tokens) -> [String; 2] {
    let signing = tokens::header(&tokens.access)["kid"].as_str().unwrap().to_owned();
    [signing, tokens::refresh_parts(&tokens.refresh)[1].clone()]
}

#[test]
fn a_retry_after_the_end_of_a_key_is_signed_by_the_key_of_now() {
    let clocked = Clocked::with(&[]);
    let redis = &clocked.redis;
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let now = con.now_ms() / 1000;
    with_passing_keys(redis.ring().clone(), now, now + 300).write(&redis.path("keyring.json"));
    con.get::<()>(&["AUTH.RELOAD"]);

    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(kids(&second), ["sig-2", "ref-2"]);
    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((&again.access, &again.refresh), (&second.access, &second.refresh));
    clocked.forward(Duration::from_secs(300));
    assert_eq!(status_of(&mut con, "ref-2").unwrap(), "expired");

    assert_eq!(refused(con.verify("auth:42", &second.access, &[])), "INVALIDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &second.refresh, &[])), "INVALIDTOKEN");
    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((kids(&again), again.generation()), (["sig-1".into(), "ref-1".into()], 1));
    assert_eq!(again.claims(), second.claims(), "another signature for the same token");
    con.verify("auth:42", &again.access, &[]).unwrap();
    con.refresh("auth:42", &again.refresh, &[]).unwrap();
}

#[test]
fn a_retry_after_a_new_key_took_over_is_signed_by_the_key_of_then() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let now = con.now_ms() / 1000;
    with_passing_keys(redis.ring().clone(), now + 1, now + 3600).write(&redis.path("keyring.json"));
    con.get::<()>(&["AUTH.RELOAD"]);
    wait_until("the new key signs", SOON, || status_of(&mut con, "sig-2").unwrap() == "active");

    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((&again.access, &again.refresh), (&second.access, &second.refresh));
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!(kids(&third), ["sig-2", "ref-2"]);
}
