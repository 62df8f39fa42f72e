//! AUTH.JWKS, and which key signs.

use serde_json::Value as Json;

use crate::support::*;

/// Returns the kids of a JWK Set.
fn kids(set: &Json) -> Vec<&str> {
    let keys = set["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap()).collect()
}

/// Returns the kid in the header of a fresh access token.
fn signing_kid(con: &mut Con) -> String {
    let access = con.issue("auth:42", &[]).unwrap().access;
    tokens::header(&access)["kid"].as_str().unwrap().to_owned()
}

#[test]
fn publishes_public_halves_of_unexpired_signing_keys_and_nothing_else() {
    let (past, future) = (1_000, 99_999_999_999_i64);
    let ring = Keyring::default()
        .and(Key::signing("ES256", "es"))
        .and(Key::signing("HS256", "hs").with("nbf", future))
        .and(Key::signing("EdDSA", "next").with("nbf", future))
        .and(Key::signing("EdDSA", "old").with("exp", past))
        .and(Key::refresh("ref-2"));
    let redis = Redis::builder().keyring(ring).start();
    let text: String = redis.connect().get(&["AUTH.JWKS"]);
    let set: Json = serde_json::from_str(&text).unwrap();

    let mut published = kids(&set);
    published.sort_unstable();
    assert_eq!(published, ["es", "next", "sig-1"]);
    for key in set["keys"].as_array().unwrap() {
        assert_eq!(key["use"], "sig");
        assert!(key["alg"].is_string() && key["kty"].is_string() && key["x"].is_string());
        assert!(key.get("d").is_none() && key.get("k").is_none());
    }
    for secret in redis.ring().secrets() {
        assert!(!text.contains(&secret));
    }
}

#[test]
fn the_newest_valid_key_signs_and_the_others_still_verify() {
    let now = i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap();
    let ring = Keyring::default()
        .and(Key::signing("EdDSA", "newer").with("nbf", now - 100))
        .and(Key::signing("ES256", "newest").with("nbf", now - 50))
        .and(Key::signing("EdDSA", "next").with("nbf", now + 1000))
        .and(Key::signing("EdDSA", "old").with("nbf", now - 10).with("exp", now - 5));
    let redis = Redis::builder().keyring(ring).start();
    let mut con = redis.connect();
    assert_eq!(signing_kid(&mut con), "newest");
    let claims = con.issue("auth:42", &[]).unwrap().claims();
    for (kid, good) in [("sig-1", true), ("newer", true), ("newest", true), ("next", true), ("old", false)] {
        let key = redis.ring().key(kid);
        let token = jwt::sign(key, &jwt::header_for(key), &claims);
        assert_eq!(con.verify("auth:42", &token, &[]).is_ok(), good, "{kid}");
    }
}

#[test]
fn of_equally_new_keys_the_later_in_the_file_signs() {
    let ring = Keyring::default().and(Key::signing("EdDSA", "sig-2"));
    let redis = Redis::builder().keyring(ring).start();
    assert_eq!(signing_kid(&mut redis.connect()), "sig-2");
}

#[test]
fn is_a_text_in_both_protocols_and_takes_no_argument() {
    let redis = Redis::start();
    let two = redis.raw().call(&["AUTH.JWKS"]);
    let three = redis.raw().resp3().call(&["AUTH.JWKS"]);
    assert!(matches!(two, Reply::Bulk(_)));
    assert_eq!(two, three);
    assert_eq!(redis.raw().call(&["AUTH.JWKS", "x"]).error_code(), "ERR");
}

#[test]
fn every_algorithm_signs_refreshes_and_verifies() {
    for alg in ["EdDSA", "ES256", "HS256"] {
        let redis = Redis::builder().keyring(Keyring::signing_with(alg)).start();
        let mut con = redis.connect();
        let first = con.issue("auth:42", &[]).unwrap();
        assert_eq!(tokens::header(&first.access)["alg"], alg);
        let second = con.refresh("auth:42", &first.refresh, &["ACCESS", &first.access]).unwrap();
        con.verify("auth:42", &second.access, &[]).unwrap();
        let published = con.jwks()["keys"].as_array().unwrap().len();
        assert_eq!(published, usize::from(alg != "HS256"), "an HMAC key is never published");
    }
}

#[test]
fn old_refresh_keys_are_honoured_and_the_new_one_is_used_from_the_next_rotation() {
    let mut redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["SID", "01890a5d-ac96-774b-bcce-b302099a8057"]).unwrap();
    con.get::<()>(&["CONFIG", "SET", "save", "3600 1"]);
    let ring = redis.ring().clone().and(Key::refresh("ref-2"));
    ring.write(&redis.path("keyring.json"));
    redis.restart();
    let mut con = redis.connect();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(tokens::refresh_parts(&second.refresh)[1], "ref-2");
    con.refresh("auth:42", &second.refresh, &[]).unwrap();
}
