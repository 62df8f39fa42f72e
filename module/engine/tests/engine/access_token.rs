//! The access token as minted, read by other JWT implementations.

use crate::support::{NOW, SUBJECT, bytes_of, claims, login, login_text, random, ring, signer};
use hallpass_engine::access::{Claims, authenticate, mint, open};
use hallpass_engine::json;
use hallpass_engine::keys::{Algorithm, Keyring};
use hallpass_engine::login::Login;
use hallpass_engine::token::TokenType;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Reads a token with `jsonwebtoken` and a key taken from the published JWK Set, or, for HS256, from the keyring file.
fn read_elsewhere(ring: &Keyring, alg: Algorithm, token: &str) -> jsonwebtoken::TokenData<Value> {
    let key = if alg == Algorithm::HS256 {
        jsonwebtoken::DecodingKey::from_secret(&random(1))
    } else {
        let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&ring.public_jwks(NOW)).expect("a JWK Set");
        jsonwebtoken::DecodingKey::from_jwk(&set.keys[0]).expect("a usable key")
    };
    let mut validation = jsonwebtoken::Validation::new(alg.into());
    validation.set_audience(&["https://api.example"]);
    validation.set_issuer(&["https://id.example"]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The tests have a clock of their own.
    validation.validate_exp = false;
    jsonwebtoken::decode(token, &key, &validation).expect("a JWT that others accept")
}

fn payload_of(token: &str) -> String {
    let encoded = token.split('.').nth(1).expect("a payload");
    String::from_utf8(bytes_of(encoded)).expect("UTF-8")
}

#[test]
fn other_implementations_read_it_with_the_published_key() {
    for alg in Algorithm::ALL {
        let ring = ring(alg);
        let login = login(1);
        let all = Claims {
            claims_version: 3,
            client_id: Some("web"),
            custom: Some(r#"{"role":"admin","scope":"read write"}"#),
            ..claims(&login)
        };
        let token = mint(signer(&ring), &all).expect("signs");
        let read = read_elsewhere(&ring, alg, &token);
        assert_eq!(read.header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(read.header.alg, alg.into());
        assert_eq!(read.header.kid.as_deref(), Some(signer(&ring).kid()));
        let expected = json!({
            "iss": "https://id.example",
            "aud": "https://api.example",
            "sub": SUBJECT,
            "sid": login.sid.to_string(),
            "gen": 5,
            "cv": 3,
            "auth_time": NOW - 60,
            "iat": NOW,
            "exp": NOW + 900,
            "jti": format!("{}.5.{NOW}", login_text(&login)),
            "client_id": "web",
            "role": "admin",
            "scope": "read write",
        });
        assert_eq!(read.claims, expected, "{alg}");
    }
}

#[test]
fn the_header_says_type_algorithm_and_key_and_nothing_else() {
    for alg in Algorithm::ALL {
        let ring = ring(alg);
        let token = mint(signer(&ring), &claims(&login(1))).expect("signs");
        let header = bytes_of(token.split('.').next().expect("a header"));
        let header: Value = serde_json::from_slice(&header).expect("JSON");
        assert_eq!(header, json!({ "typ": "at+jwt", "alg": alg.name(), "kid": signer(&ring).kid() }));
    }
}

#[test]
fn the_engine_reads_what_it_minted() {
    for alg in Algorithm::ALL {
        let ring = ring(alg);
        let login = login(1);
        let minted = Claims { claims_version: 9, ..claims(&login) };
        let token = mint(signer(&ring), &minted).expect("signs");
        let read = authenticate(&ring, token.as_bytes(), NOW).expect("ours");
        assert_eq!((read.sub(), read.login, read.database), (SUBJECT.as_bytes(), login, 0));
        assert_eq!((read.generation, read.claims_version), (5, 9));
        assert_eq!(read.text(), token.as_bytes());
        assert_eq!(read.payload(), payload_of(&token).as_bytes(), "exactly as signed");
        let opened = open(&ring, token.as_bytes(), NOW).expect("well-formed");
        assert_eq!(opened.key().kid(), signer(&ring).kid());
        assert!(opened.signature_is_right());
        assert_eq!(opened.claims(), Ok(read));
    }
}

#[test]
fn claims_that_are_not_configured_are_left_out() {
    let ring = ring(Algorithm::EdDSA);
    let login = login(1);
    let bare = Claims { iss: None, aud: None, ..claims(&login) };
    let payload = payload_of(&mint(signer(&ring), &bare).expect("signs"));
    let value: Value = serde_json::from_str(&payload).expect("JSON");
    let names: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["auth_time", "cv", "exp", "gen", "iat", "jti", "sid", "sub"]);
}

#[test]
fn claims_stand_in_a_fixed_order_and_custom_ones_last_as_given() {
    let ring = ring(Algorithm::EdDSA);
    let login = login(1);
    let all = Claims { client_id: Some("web"), custom: Some(r#"{"z":1,"a":{"b":{}}}"#), ..claims(&login) };
    let expected = format!(
        concat!(
            r#"{{"iss":"https://id.example","aud":"https://api.example","sub":"user-42","sid":"{sid}","gen":5,"#,
            r#""cv":0,"auth_time":1759999940,"iat":1760000000,"exp":1760000900,"jti":"{jti}.5.1760000000","#,
            r#""client_id":"web","z":1,"a":{{"b":{{}}}}}}"#
        ),
        sid = login.sid,
        jti = login_text(&login),
    );
    assert_eq!(payload_of(&mint(signer(&ring), &all).expect("signs")), expected);
}

#[test]
fn a_database_other_than_0_stands_behind_the_token_id() {
    let (ring, login) = (ring(Algorithm::EdDSA), login(1));
    let of = |database| mint(signer(&ring), &Claims { database, ..claims(&login) }).expect("signs");
    assert!(payload_of(&of(7)).contains(r#".5.1760000000","db":7"#));
    assert!(!payload_of(&of(0)).contains(r#""db""#));
    let read = |token: &str| authenticate(&ring, token.as_bytes(), NOW).expect("ours").database;
    assert_eq!((read(&of(7)), read(&of(0))), (7, 0));
}

#[test]
fn both_types_of_header_are_written_and_read() {
    for alg in Algorithm::ALL {
        let (ring, login) = (ring(alg), login(1));
        for typ in TokenType::ALL {
            let token = mint(signer(&ring), &Claims { typ, ..claims(&login) }).expect("signs");
            assert_eq!(read_elsewhere(&ring, alg, &token).header.typ.as_deref(), Some(typ.name()));
            assert!(authenticate(&ring, token.as_bytes(), NOW).is_ok(), "{alg} {typ:?}");
        }
    }
}

#[test]
fn the_same_claims_give_the_same_token_where_signatures_are_deterministic() {
    let login = login(1);
    for (alg, is_deterministic) in
        [(Algorithm::EdDSA, true), (Algorithm::HS256, true), (Algorithm::ES256, false)]
    {
        let first = mint(signer(&ring(alg)), &claims(&login)).expect("signs");
        let second = mint(signer(&ring(alg)), &claims(&login)).expect("signs");
        assert_eq!(first == second, is_deterministic, "{alg}");
        assert_eq!(payload_of(&first), payload_of(&second));
    }
}

#[test]
fn the_token_id_differs_by_login_generation_and_time() {
    let ring = ring(Algorithm::HS256);
    let one = login(1);
    let (other, later) = (login(2), Login { issued_at: one.issued_at + 1, ..one });
    let variants = [
        claims(&one),
        claims(&other),
        claims(&later),
        Claims { generation: 6, ..claims(&one) },
        Claims { iat: NOW + 1, ..claims(&one) },
    ];
    let ids: std::collections::HashSet<_> = variants
        .iter()
        .map(|claims| {
            let payload = payload_of(&mint(signer(&ring), claims).expect("signs"));
            serde_json::from_str::<Value>(&payload).expect("JSON")["jti"].as_str().expect("text").to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 5);
}

#[test]
fn texts_that_json_must_escape_are_escaped() {
    let ring = ring(Algorithm::EdDSA);
    let login = login(1);
    for sub in ["a\"b", "back\\slash", "\u{2028}", "😀", "},\"sub\":\"admin\"", "</script>"] {
        let token = mint(signer(&ring), &Claims { sub, iss: Some(sub), ..claims(&login) }).expect("signs");
        let value: Value = serde_json::from_str(&payload_of(&token)).expect("JSON");
        assert_eq!(value["sub"], sub);
        assert_eq!(value["iss"], sub);
        assert_eq!(authenticate(&ring, token.as_bytes(), NOW).expect("ours").sub(), sub.as_bytes());
    }
}

#[test]
fn custom_claims_without_members_add_nothing() {
    let ring = ring(Algorithm::EdDSA);
    let login = login(1);
    let with = |custom| mint(signer(&ring), &Claims { custom, ..claims(&login) }).expect("signs");
    assert_eq!(with(Some("{}")), with(None));
}

/// Generates objects and arrays of a few levels, without names of our claims.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e19..1e19_f64).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("x.{0,5}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn custom_claims_survive_whatever_their_shape(
        members in proptest::collection::hash_map("x.{0,5}", any_json(), 0..5),
    ) {
        let custom: serde_json::Map<_, _> = members.into_iter().collect();
        let text = serde_json::to_string(&custom).expect("JSON");
        let stored = json::claims(text.as_bytes(), 1 << 20).expect("valid claims");
        prop_assert_eq!(json::claims(stored.as_bytes(), 1 << 20), Ok(stored.clone()));
        let (ring, login) = (ring(Algorithm::HS256), login(1));
        let minted = Claims { custom: Some(&stored), ..claims(&login) };
        let token = mint(signer(&ring), &minted).expect("signs");
        let mut read = read_elsewhere(&ring, Algorithm::HS256, &token).claims;
        let read = read.as_object_mut().expect("an object");
        read.retain(|name, _| name.starts_with('x'));
        prop_assert_eq!(&*read, &custom);
    }
}
