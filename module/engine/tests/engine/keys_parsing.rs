//! Keyring files: which are accepted, which are refused and why, and no secret is shown.

use crate::support::{NOW, base64url, bytes_of, parse, random, signing_jwk};
use hallpass_engine::keygen;
use hallpass_engine::keys::{Algorithm, Jwk, JwkSet, KeyError, Keyring, KeyringError};
use serde_json::{Value, json};

fn refresh_jwk() -> Jwk {
    keygen::refresh_key(&random(2))
}

/// Returns the reason for which this key, the first in its file, is refused.
fn problem(key: Jwk) -> Option<KeyError> {
    let others = [signing_jwk(Algorithm::HS256, 70), keygen::refresh_key(&random(80))];
    match parse(&[&[key], &others[..]].concat()) {
        Ok(_) => None,
        Err(KeyringError::Key(1, problem)) => Some(problem),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_keygen_makes_is_taken_for_every_algorithm() {
    for alg in Algorithm::ALL {
        for seed in 3..22 {
            let key = signing_jwk(alg, seed);
            assert_eq!(problem(key.clone()), None);
            let ring = parse(&[key.clone(), refresh_jwk()]).expect("usable keys");
            let parsed = ring.verifying_key(&key.kid, NOW).expect("known");
            assert_eq!((parsed.alg(), parsed.kid()), (alg, key.kid.as_str()));
            let signature = parsed.sign(b"message", <[u8]>::to_vec).expect("signs");
            assert!(parsed.verify(b"message", &base64url(signature)));
        }
    }
}

#[test]
fn random_bytes_outside_the_curves_range_make_no_es256_key() {
    for bytes in [[0; 32], [0xff; 32]] {
        assert!(keygen::signing_key(Algorithm::ES256, &bytes).is_err());
        assert!(keygen::signing_key(Algorithm::EdDSA, &bytes).is_ok());
    }
}

#[test]
fn the_same_random_bytes_make_the_same_key_and_each_use_its_own_id() {
    let ids = [
        signing_jwk(Algorithm::HS256, 1).kid,
        keygen::refresh_key(&random(1)).kid,
        signing_jwk(Algorithm::HS256, 2).kid,
    ];
    assert_eq!(ids[0], signing_jwk(Algorithm::HS256, 1).kid);
    assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
}

#[test]
fn a_file_that_is_not_a_jwk_set_is_refused() {
    let key = serde_json::to_string(&signing_jwk(Algorithm::EdDSA, 1)).expect("JSON");
    for text in [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[1]}"#,
        r#"{"keys":[]} x"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        let result = Keyring::parse(text.as_bytes()).err();
        assert_eq!(result, Some(KeyringError::NotAJwkSet), "{text}");
    }
    assert_eq!(Keyring::parse(b"\xff").err(), Some(KeyringError::NotAJwkSet));
    assert_eq!(Keyring::parse(key.as_bytes()).err(), Some(KeyringError::NotAJwkSet), "a key is no set");
    let bare_array = format!("[[{key}]]");
    assert_eq!(Keyring::parse(bare_array.as_bytes()).err(), Some(KeyringError::NotAJwkSet));
    let twice = key.replacen('{', r#"{"kid":"other","#, 1);
    let set = format!(r#"{{"keys":[{twice}]}}"#);
    assert_eq!(Keyring::parse(set.as_bytes()).err(), Some(KeyringError::NotAJwkSet), "a member twice");
}

#[test]
fn both_kinds_of_key_are_needed() {
    let signing = signing_jwk(Algorithm::EdDSA, 1);
    assert_eq!(parse(&[]).err(), Some(KeyringError::NoSigningKey));
    assert_eq!(parse(&[refresh_jwk()]).err(), Some(KeyringError::NoSigningKey));
    assert_eq!(parse(&[signing]).err(), Some(KeyringError::NoRefreshKey));
}

#[test]
fn a_key_id_is_1_to_64_url_safe_characters() {
    let with = |kid: &str| problem(Jwk { kid: kid.into(), ..signing_jwk(Algorithm::EdDSA, 1) });
    for kid in ["a", "2026-01_A", &"k".repeat(64)] {
        assert_eq!(with(kid), None, "{kid}");
    }
    for kid in ["", "a.b", "a b", "a/b", "é", "a\n", "a\0", "\"", &"k".repeat(65)] {
        assert_eq!(with(kid), Some(KeyError::KeyId), "{kid:?}");
    }
}

#[test]
fn a_key_id_is_used_once_over_both_kinds() {
    let signing = signing_jwk(Algorithm::EdDSA, 1);
    let refresh = Jwk { kid: signing.kid.clone(), ..refresh_jwk() };
    let duplicate = KeyringError::Key(2, KeyError::DuplicateKeyId);
    assert_eq!(parse(&[signing.clone(), refresh]).err(), Some(duplicate));
    assert_eq!(parse(&[signing.clone(), signing, refresh_jwk()]).err(), Some(duplicate));
}

#[test]
fn a_use_is_sig_or_refresh() {
    for usage in ["", "enc", "SIG", "sig "] {
        let key = Jwk { usage: usage.into(), ..signing_jwk(Algorithm::EdDSA, 1) };
        assert_eq!(problem(key), Some(KeyError::Usage), "{usage:?}");
    }
}

#[test]
fn the_newer_name_of_eddsa_is_taken_and_signs_as_before() {
    let named = Jwk { alg: Some("Ed25519".into()), ..signing_jwk(Algorithm::EdDSA, 1) };
    let ring = parse(&[named.clone(), refresh_jwk()]).expect("usable keys");
    let key = ring.signing_key(NOW, NOW).expect("a signing key");
    assert_eq!((key.alg(), key.kid()), (Algorithm::EdDSA, named.kid.as_str()));
    assert!(ring.public_jwks(NOW).contains(r#""alg":"EdDSA""#));
    let elsewhere = Jwk { alg: Some("Ed25519".into()), ..signing_jwk(Algorithm::ES256, 1) };
    assert_eq!(problem(elsewhere), Some(KeyError::Algorithm));
}

#[test]
fn an_algorithm_may_be_left_out_but_must_not_contradict_the_key() {
    for own in Algorithm::ALL {
        let with = |alg: Option<&str>| problem(Jwk { alg: alg.map(str::to_owned), ..signing_jwk(own, 1) });
        // An RSA key fits two algorithms.
        assert_eq!(with(None), own.is_slow_to_sign().then_some(KeyError::Algorithm));
        assert_eq!(with(Some(own.name())), None);
        for other in ["none", "", "EdDSA", "ES256", "HS256", "HS512", "eddsa"] {
            let is_own = other == own.name();
            assert_eq!(with(Some(other)), (!is_own).then_some(KeyError::Algorithm), "{own} as {other:?}");
        }
    }
    let refresh = |alg: Option<&str>| problem(Jwk { alg: alg.map(str::to_owned), ..refresh_jwk() });
    assert_eq!(refresh(None), None);
    assert_eq!(refresh(Some("HS256")), None);
    assert_eq!(refresh(Some("HS512")), Some(KeyError::Algorithm));
    assert_eq!(refresh(Some("EdDSA")), Some(KeyError::Algorithm));
}

#[test]
fn key_types_and_curves_that_are_not_supported_are_refused() {
    for (kty, crv) in
        [("", None), ("OKP", None), ("OKP", Some("X25519")), ("EC", Some("P-384")), ("okp", Some("Ed25519"))]
    {
        let key = Jwk { kty: kty.into(), crv: crv.map(str::to_owned), ..signing_jwk(Algorithm::EdDSA, 1) };
        assert_eq!(problem(key), Some(KeyError::KeyType), "{kty} {crv:?}");
    }
    let asymmetric = Jwk { usage: "refresh".into(), ..signing_jwk(Algorithm::EdDSA, 1) };
    assert_eq!(problem(asymmetric), Some(KeyError::KeyType), "a refresh key is symmetric");
}

#[test]
fn parts_of_different_keys_do_not_make_a_key() {
    for alg in [Algorithm::EdDSA, Algorithm::ES256] {
        let (one, two) = (signing_jwk(alg, 1), signing_jwk(alg, 3));
        assert_eq!(problem(Jwk { d: two.d.clone(), ..one.clone() }), Some(KeyError::KeyMaterial), "{alg}: d");
        assert_eq!(problem(Jwk { x: two.x.clone(), ..one.clone() }), Some(KeyError::KeyMaterial), "{alg}: x");
        if alg == Algorithm::ES256 {
            assert_eq!(
                problem(Jwk { y: two.y, ..one.clone() }),
                Some(KeyError::KeyMaterial),
                "a point off the curve"
            );
            let other_point = Jwk { d: one.d, ..signing_jwk(alg, 3) };
            assert_eq!(problem(other_point), Some(KeyError::KeyMaterial), "another point");
        }
    }
}

/// Sets one member of a key's JSON.
fn with_member(key: &Jwk, name: &str, value: &Value) -> Jwk {
    let mut json = serde_json::to_value(key).expect("JSON");
    json[name] = value.clone();
    serde_json::from_value(json).expect("a key")
}

#[test]
fn missing_malformed_and_wrongly_long_members_are_refused() {
    for (alg, names) in [
        (Algorithm::EdDSA, &["x", "d"][..]),
        (Algorithm::ES256, &["x", "y", "d"]),
        (Algorithm::HS256, &["k"]),
    ] {
        let good = signing_jwk(alg, 1);
        let members = serde_json::to_value(&good).expect("JSON");
        for name in names {
            let text = members[*name].as_str().expect("text");
            let bytes = bytes_of(text);
            let longer = base64url([&[0], &bytes[..]].concat());
            let doubled = base64url([&bytes[..], &bytes[..]].concat());
            let mut wrong =
                vec![Value::Null, json!(format!("{text}=")), json!(format!("{text} ")), json!("!")];
            if alg != Algorithm::HS256 {
                wrong.extend([json!(""), json!(base64url(&bytes[1..])), json!(longer), json!(doubled)]);
            }
            for value in wrong {
                let result = problem(with_member(&good, name, &value));
                assert_eq!(result, Some(KeyError::KeyMaterial), "{alg}: {name} = {value}");
            }
        }
    }
}

#[test]
fn symmetric_keys_have_at_least_32_bytes() {
    for key in [signing_jwk(Algorithm::HS256, 1), refresh_jwk()] {
        let secret: Vec<u8> = (0..7).flat_map(random).collect();
        let of = |length: usize| problem(with_member(&key, "k", &json!(base64url(&secret[..length]))));
        assert_eq!((of(0), of(31)), (Some(KeyError::TooShort), Some(KeyError::TooShort)));
        assert_eq!((of(32), of(64), of(200)), (None, None, None));
    }
}

#[test]
fn a_key_that_ends_before_it_begins_is_refused() {
    for key in [signing_jwk(Algorithm::EdDSA, 1), refresh_jwk()] {
        let with = |nbf, exp| problem(Jwk { nbf, exp, ..key.clone() });
        for (nbf, exp) in [(Some(5), Some(5)), (Some(5), Some(4)), (None, Some(0))] {
            assert_eq!(with(nbf, exp), Some(KeyError::NeverValid), "{nbf:?} to {exp:?}");
        }
        assert_eq!((with(Some(5), Some(6)), with(None, Some(1)), with(Some(5), None)), (None, None, None));
    }
}

#[test]
fn no_secret_shows_in_debug_output_or_messages() {
    for key in Algorithm::ALL.map(|alg| signing_jwk(alg, 1)).into_iter().chain([refresh_jwk()]) {
        let secret = key.d.clone().or(key.k.clone()).expect("a secret");
        let set = JwkSet { keys: vec![key.clone()] };
        for shown in [format!("{key:?}"), format!("{key:#?}"), format!("{set:?}")] {
            assert!(shown.contains(&key.kid) && !shown.contains(&secret), "{shown}");
        }
        let broken = parse(&[Jwk { kid: secret.clone() + "!", ..key }]).err().expect("refused");
        assert_eq!(broken.to_string(), "key 1: kid must be 1-64 of A-Z a-z 0-9 _ -");
        assert!(!format!("{broken:?}").contains(&secret));
    }
}
