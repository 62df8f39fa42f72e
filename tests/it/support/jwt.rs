//! Tokens made by hand, valid except for the error that a test wants.

use jsonwebtoken::{DecodingKey, Validation, jwk::JwkSet};
use serde_json::{Value as Json, json};

use super::{Key, tokens::base64};

/// Returns the header that Hallpass would write for `key`.
pub fn header_for(key: &Key) -> Json {
    json!({"typ": "at+jwt", "alg": key.text("alg"), "kid": key.kid()})
}

/// Returns a JWT over `header` and `claims`, signed by `key`.
pub fn sign(key: &Key, header: &Json, claims: &Json) -> String {
    sign_text(key, &header.to_string(), &claims.to_string())
}

/// Returns a JWT over two texts that need not be JSON, signed by `key`.
pub fn sign_text(key: &Key, header: &str, claims: &str) -> String {
    sign_parts(key, &base64(header), &base64(claims))
}

/// Returns a JWT over two parts that need not be base64url, signed by `key`.
pub fn sign_parts(key: &Key, header: &str, claims: &str) -> String {
    let message = format!("{header}.{claims}");
    let signature = base64(key.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// Returns the same refresh token for another generation, signed by the ring's own refresh key.
pub fn forge_refresh(key: &Key, token: &str, generation: &str) -> String {
    let (body, _) = token.rsplit_once('.').expect("a MAC");
    let (family, _) = body.rsplit_once('.').expect("a generation");
    let body = format!("{family}.{generation}");
    format!("{body}.{}", base64(key.sign(body.as_bytes())))
}

/// The same refresh token for another database than 0, signed by the ring's own refresh key.
pub fn forge_refresh_of_database(key: &Key, token: &str, database: u32) -> String {
    let (body, _) = token.rsplit_once('.').expect("a MAC");
    format!("{body}.{}", base64(key.sign(format!("{body}.{database}").as_bytes())))
}

/// Returns the claims of `token`, verified by an independent implementation with a published JWK Set.
pub fn independently_verified(jwks: &Json, token: &str) -> Json {
    let set: JwkSet = serde_json::from_value(jwks.clone()).expect("a JWK Set");
    let header = jsonwebtoken::decode_header(token).expect("a header");
    let jwk = set.find(&header.kid.expect("a kid")).expect("a published key");
    let key = DecodingKey::from_jwk(jwk).expect("a usable key");
    let mut rules = Validation::new(header.alg);
    rules.validate_aud = false;
    let data = jsonwebtoken::decode::<Json>(token, &key, &rules);
    data.expect("a good signature and a good exp").claims
}
