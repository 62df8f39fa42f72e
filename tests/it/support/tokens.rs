//! Token responses, and the parts of tokens that can be read without a key.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use redis::Value;
use serde_json::Value as Json;

/// The reply of `AUTH.ISSUE` and `AUTH.REFRESH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    pub access: String,
    pub expires_in: i64,
    pub refresh: String,
    pub refresh_expires_in: i64,
    pub session_id: String,
    /// The evicted sessions; `None` if the reply has no such member.
    pub evicted: Option<Vec<String>>,
}

impl Tokens {
    /// Reads a reply of either protocol.
    pub fn from_reply(reply: &Value) -> Self {
        let map: BTreeMap<String, Value> =
            redis::from_redis_value(reply.clone()).expect("a map of token response members");
        let text = |name: &str| -> String { redis::from_redis_value(map[name].clone()).expect("a string") };
        let seconds = |name: &str| match &map[name] {
            Value::Int(seconds) => *seconds,
            other => panic!("{name} is {other:?}"),
        };
        Self {
            access: text("access_token"),
            expires_in: seconds("expires_in"),
            refresh: text("refresh_token"),
            refresh_expires_in: seconds("refresh_expires_in"),
            session_id: text("session_id"),
            evicted: map.get("evicted").map(|sids| redis::from_redis_value(sids.clone()).expect("an array")),
        }
    }

    /// Returns the claims set of the access token, unverified.
    pub fn claims(&self) -> Json {
        claims(&self.access)
    }

    /// Returns the generation that the refresh token names.
    pub fn generation(&self) -> u64 {
        refresh_parts(&self.refresh)[4].parse().expect("a generation")
    }

    /// Returns the secret part of the refresh token.
    pub fn mac(&self) -> String {
        refresh_parts(&self.refresh)[5].clone()
    }

    /// Returns the secret part of the access token.
    pub fn signature(&self) -> String {
        let signature = self.access.rsplit('.').next();
        signature.expect("a signature").to_owned()
    }
}

/// Returns the six parts of a refresh token.
pub fn refresh_parts(token: &str) -> Vec<String> {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    assert_eq!(parts.len(), 6, "hp1.<kid>.<subject>.<login>.<gen>.<mac>: {token}");
    parts
}

/// Returns the header of a JWT, unverified.
pub fn header(jwt: &str) -> Json {
    json_part(jwt, 0)
}

/// Returns the claims set of a JWT, unverified.
pub fn claims(jwt: &str) -> Json {
    json_part(jwt, 1)
}

fn json_part(jwt: &str, index: usize) -> Json {
    let part = jwt.split('.').nth(index).expect("three parts");
    serde_json::from_slice(&unbase64(part)).expect("JSON")
}

/// Encodes as base64url without padding.
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL.encode(bytes)
}

/// Decodes base64url without padding.
pub fn unbase64(text: &str) -> Vec<u8> {
    BASE64URL.decode(text).expect("base64url")
}
