//! Access tokens: only tokens that this ring signed are accepted, and they are read as any JSON reader would read them.

use crate::ring::{NOW, RING, SIGNING_KIDS, VERIFIERS, base64url, two_parts};
use hallpass_engine::access::{self, AccessToken, ClaimsError, Expectations};
use hallpass_engine::keys::{Algorithm, SigningKey};
use hallpass_engine::login::Login;
use hallpass_engine::{refresh, token};
use serde_json::Value;

/// Opens the input as a token: an accepted one is exactly the token that its key would have signed.
pub fn access_token(data: &[u8]) {
    let unverified = std::str::from_utf8(data).ok().and_then(token::subject);
    let Ok(token) = access::authenticate(&RING, data, NOW) else {
        return;
    };
    let text = std::str::from_utf8(data).expect("accepted tokens are text");
    let key = access::open(&RING, data, NOW).expect("it was opened before").key().kid().to_owned();
    let (message, signature) = text.rsplit_once('.').expect("a signature");
    assert!(VERIFIERS[&key].verify(message.as_bytes(), signature), "nobody else would accept it");
    if SIGNING_KIDS.contains(&key) {
        assert_eq!(signed(signing_key(&key), message), text);
    }
    assert_eq!(
        unverified.as_deref().map(str::as_bytes),
        Some(token.sub()),
        "the key is found by another subject"
    );
    assert!(refresh::open(&RING, data, NOW, 0).is_err(), "one token of both kinds");
}

/// Opens a header and a payload with a valid signature: an accepted token has our type and key, and the claims that any
/// reader would read.
pub fn access_claims(data: &[u8]) {
    let (header, payload) = two_parts(data);
    for kid in SIGNING_KIDS.iter() {
        let key = signing_key(kid);
        let own = format!(r#"{{"typ":"at+jwt","alg":"{}","kid":"{kid}"}}"#, key.alg());
        for header in [header, own.as_bytes()] {
            let text = signed(key, &format!("{}.{}", base64url(header), base64url(payload)));
            if let Ok(token) = access::authenticate(&RING, text.as_bytes(), NOW) {
                names_key(header, key);
                is_read_rightly(payload, &token);
                is_refused_in_time(&token);
            }
        }
    }
}

fn signing_key(kid: &str) -> &'static SigningKey {
    RING.verifying_key(kid, NOW).expect("a key of the ring")
}

fn signed(key: &SigningKey, message: &str) -> String {
    format!("{message}.{}", base64url(key.sign(message.as_bytes(), <[u8]>::to_vec).expect("signs")))
}

fn names_key(header: &[u8], key: &SigningKey) {
    let header: Value = serde_json::from_slice(header).expect("an accepted header is JSON");
    assert!(header["typ"] == "at+jwt" || header["typ"] == "JWT");
    let is_newer_name = key.alg() == Algorithm::EdDSA && header["alg"] == "Ed25519";
    assert!(is_newer_name || header["alg"] == key.alg().name());
    assert_eq!(header["kid"], key.kid());
    assert_eq!(header.as_object().map(serde_json::Map::len), Some(3));
}

fn is_read_rightly(payload: &[u8], token: &AccessToken) {
    assert_eq!(token.payload(), payload, "returned exactly as signed");
    let claims: Value = serde_json::from_slice(payload).expect("an accepted payload is JSON");
    assert_eq!(claims["sub"].as_str().map(str::as_bytes), Some(token.sub()));
    assert_eq!(claims["sid"], token.login.sid.to_string());
    assert_eq!(claims.get("db").map_or(Some(0), Value::as_u64), Some(token.database.into()));
    is_of_its_login(claims["jti"].as_str().expect("a text"), &token.login);
    assert_eq!(claims["gen"], token.generation);
    assert_eq!(claims["cv"], token.claims_version);
}

/// Asserts that the token's id begins with session id and time, spelt as in the refresh token.
fn is_of_its_login(jti: &str, login: &Login) {
    let bytes = [&login.sid.as_bytes()[..], &login.issued_at.to_be_bytes()[2..]].concat();
    assert_eq!(jti.split('.').next(), Some(base64url(bytes).as_str()));
}

/// Asserts that a token is accepted only for its own subject, and expires at some time.
fn is_refused_in_time(token: &AccessToken) {
    let (issuer, audience, database, leeway) = (None, None, token.database, 0);
    let at = |subject, now| token.check(&Expectations { subject, database, issuer, audience, now, leeway });
    let subject = std::str::from_utf8(token.sub()).expect("a text");
    let other = format!("{subject}'s neighbour");
    assert_eq!(at(&other, 0), Err(ClaimsError::Invalid));
    assert_eq!(at(subject, u64::MAX), Err(ClaimsError::Expired));
}
