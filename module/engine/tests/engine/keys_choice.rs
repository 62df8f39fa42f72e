//! Which key of a ring signs, which verify, and which are published, as time passes.

use crate::support::{NOW, parse, random, signing_jwk};
use hallpass_engine::keygen;
use hallpass_engine::keys::{Algorithm, Jwk, Keyring};
use serde_json::Value;

/// Returns a ring whose signing keys have these ids and times, and whose refresh keys are the same with an `r` before
/// the id.
fn ring(keys: &[(&str, Option<u64>, Option<u64>)]) -> Keyring {
    let numbered = || keys.iter().zip(1..);
    let signing = numbered().map(|((kid, nbf, exp), seed)| Jwk {
        kid: (*kid).into(),
        nbf: *nbf,
        exp: *exp,
        ..signing_jwk(Algorithm::EdDSA, seed)
    });
    let refresh = numbered().map(|((kid, nbf, exp), seed)| Jwk {
        kid: format!("r{kid}"),
        nbf: *nbf,
        exp: *exp,
        ..keygen::refresh_key(&random(seed))
    });
    parse(&signing.chain(refresh).collect::<Vec<_>>()).expect("usable keys")
}

/// Returns the id of the key that signs for a rotation at `at`, asked `now`; refresh keys are chosen alike.
fn chosen(ring: &Keyring, at: u64, now: u64) -> Option<String> {
    let signing = ring.signing_key(at, now).map(|key| key.kid().to_owned());
    let refresh = ring.refresh_key(at, now).map(|key| key.kid().to_owned());
    assert_eq!(refresh, signing.as_ref().map(|kid| format!("r{kid}")), "both kinds follow the same rule");
    signing
}

fn assert_chosen(ring: &Keyring, at: u64, now: u64, expected: Option<&str>) {
    assert_eq!(chosen(ring, at, now).as_deref(), expected, "rotated at {at}, asked at {now}");
}

fn published(ring: &Keyring, now: u64) -> Vec<String> {
    let set: Value = serde_json::from_str(&ring.public_jwks(now)).expect("JSON");
    let keys = set["keys"].as_array().expect("an array");
    keys.iter().map(|key| key["kid"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn the_newest_key_that_has_begun_signs_whatever_the_file_order() {
    for order in [["old", "new", "next"], ["next", "new", "old"], ["new", "next", "old"]] {
        let keys = order.map(|kid| match kid {
            "old" => (kid, None, None),
            "new" => (kid, Some(100), None),
            _ => (kid, Some(200), None),
        });
        let ring = ring(&keys);
        for (now, expected) in
            [(0, "old"), (99, "old"), (100, "new"), (199, "new"), (200, "next"), (9999, "next")]
        {
            assert_chosen(&ring, now, now, Some(expected));
        }
    }
}

#[test]
fn of_keys_that_began_together_the_later_in_the_file_signs() {
    assert_chosen(&ring(&[("a", None, None), ("b", None, None)]), NOW, NOW, Some("b"));
    assert_chosen(&ring(&[("b", Some(5), None), ("a", Some(5), None)]), NOW, NOW, Some("a"));
    assert_chosen(&ring(&[("a", Some(0), None), ("b", None, None)]), NOW, NOW, Some("b"));
}

#[test]
fn an_expired_key_does_not_sign_and_the_one_before_it_does_again() {
    let ring = ring(&[("long", None, None), ("short", Some(100), Some(200))]);
    for (now, expected) in [(99, "long"), (100, "short"), (199, "short"), (200, "long")] {
        assert_chosen(&ring, now, now, Some(expected));
    }
}

#[test]
fn a_retry_uses_the_key_of_its_rotation_while_a_newer_one_signs() {
    let ring = ring(&[("old", None, None), ("new", Some(100), None)]);
    assert_chosen(&ring, 99, 100, Some("old"));
    assert_chosen(&ring, 99, 10_000, Some("old"));
    assert_chosen(&ring, 100, 10_000, Some("new"));
}

#[test]
fn a_retry_falls_back_to_the_present_key_once_its_own_has_expired() {
    let ring = ring(&[("old", None, Some(150)), ("new", Some(100), None)]);
    assert_chosen(&ring, 99, 149, Some("old"));
    assert_chosen(&ring, 99, 150, Some("new"));
}

#[test]
fn a_rotation_that_lies_in_the_future_keeps_its_key_when_the_clock_steps_back() {
    let ring = ring(&[("old", None, None), ("new", Some(100), None)]);
    assert_chosen(&ring, 100, 50, Some("new"));
}

#[test]
fn a_rotation_before_any_key_began_takes_the_present_one() {
    let ring = ring(&[("only", Some(100), None)]);
    assert_chosen(&ring, 50, 100, Some("only"));
    assert_chosen(&ring, 50, 99, None);
}

#[test]
fn without_a_key_that_may_sign_none_is_chosen() {
    let ring = ring(&[("past", None, Some(100)), ("future", Some(300), None)]);
    assert_chosen(&ring, 100, 100, None);
    assert_chosen(&ring, 50, 299, None);
    assert_chosen(&ring, 50, 300, Some("future"));
}

#[test]
fn every_unexpired_key_verifies() {
    let ring = ring(&[("old", None, Some(150)), ("new", Some(100), None), ("next", Some(300), Some(400))]);
    for (kid, now, is_known) in [
        ("old", 149, true),
        ("old", 150, false),
        ("new", 0, true),
        ("new", 10_000, true),
        ("next", 0, true),
        ("next", 399, true),
        ("next", 400, false),
        ("rold", 0, false),
        ("", 0, false),
    ] {
        assert_eq!(ring.verifying_key(kid, now).is_some(), is_known, "{kid} at {now}");
        let refresh_kid = format!("r{kid}");
        assert_eq!(ring.refresh_key_by_id(&refresh_kid, now).is_some(), is_known, "{refresh_kid} at {now}");
    }
    assert!(ring.refresh_key_by_id("new", 0).is_none(), "a signing key is no refresh key");
}

#[test]
fn unexpired_keys_are_published_also_before_they_sign() {
    let ring = ring(&[("old", None, Some(150)), ("new", Some(100), None), ("next", Some(300), Some(400))]);
    assert_eq!(published(&ring, 0), ["old", "new", "next"]);
    assert_eq!(published(&ring, 150), ["new", "next"]);
    assert_eq!(published(&ring, 400), ["new"]);
}

#[test]
fn only_public_members_are_published() {
    let keys = [
        signing_jwk(Algorithm::EdDSA, 1),
        Jwk { alg: None, ..signing_jwk(Algorithm::ES256, 4) },
        signing_jwk(Algorithm::HS256, 5),
        keygen::refresh_key(&random(2)),
        // Somebody may have left a stray secret in an asymmetric key.
        Jwk { k: Some("c3RyYXk".into()), ..signing_jwk(Algorithm::EdDSA, 3) },
    ];
    let text = parse(&keys).expect("usable keys").public_jwks(NOW);
    let set: Value = serde_json::from_str(&text).expect("JSON");
    let members: Vec<Vec<_>> = set["keys"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|key| key.as_object().expect("an object").keys().map(String::as_str).collect())
        .collect();
    let okp = vec!["alg", "crv", "kid", "kty", "use", "x"];
    let ec = vec!["alg", "crv", "kid", "kty", "use", "x", "y"];
    assert_eq!(members, [okp.clone(), ec, okp], "no HMAC key, no d, no k, and alg always");
    for secret in keys.iter().flat_map(|key| [&key.d, &key.k]).flatten() {
        assert!(!text.contains(secret.as_str()));
    }
}

#[test]
fn a_ring_of_hmac_keys_publishes_an_empty_set() {
    let keys = [signing_jwk(Algorithm::HS256, 1), keygen::refresh_key(&random(2))];
    assert_eq!(parse(&keys).expect("usable keys").public_jwks(NOW), r#"{"keys":[]}"#);
}
