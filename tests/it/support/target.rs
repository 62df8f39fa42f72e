//! A session whose access tokens are attacked: makes tokens with one error and asserts that they are refused.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{AuthCommands, Con, Key, Keyring, Redis, jwt, refused};

/// Returns a ring with one signing key per algorithm, a future key and an expired one; `sig-1` (EdDSA) signs.
fn ring() -> Keyring {
    let mut ring = Keyring(vec![
        Key::signing("ES256", "es"),
        Key::signing("HS256", "hs"),
        Key::signing("EdDSA", "old").with("exp", 1_000_000),
    ]);
    ring.0.extend(Keyring::default().0);
    ring
}

/// A server with a session whose tokens are attacked.
pub struct Target {
    redis: Redis,
    /// A connection to it.
    pub con: Con,
    /// The current refresh token.
    pub refresh: String,
    records: BTreeMap<String, Vec<u8>>,
    /// The claims of a valid access token.
    pub claims: Json,
    /// A valid access token.
    pub token: String,
}

impl Target {
    /// Starts a server and checks that a token signed by hand is as valid as one of the server.
    pub fn new() -> Self {
        let lines = ["hallpass.issuer https://id", "hallpass.audience api"];
        let builder = lines.iter().fold(Redis::builder(), |builder, line| builder.line(line));
        let redis = builder.keyring(ring()).start();
        let mut con = redis.connect();
        let tokens = con.issue("auth:42", &[]).unwrap();
        let mut target = Self {
            claims: tokens.claims(),
            token: tokens.access,
            refresh: tokens.refresh,
            records: con.records("auth:42"),
            con,
            redis,
        };
        for kid in ["sig-1", "es", "hs"] {
            let key = target.key(kid);
            let by_hand = jwt::sign(&key, &jwt::header_for(&key), &target.claims);
            target.con.verify("auth:42", &by_hand, &[]).unwrap();
        }
        target
    }

    /// Returns a key of the ring.
    pub fn key(&self, kid: &str) -> Key {
        self.redis.ring().key(kid).clone()
    }

    /// Returns a token of `kid` with another header.
    pub fn with_header(&self, kid: &str, header: &Json) -> String {
        jwt::sign(&self.key(kid), header, &self.claims)
    }

    /// Returns the valid header of `kid` with some members replaced; null removes one.
    pub fn header(&self, kid: &str, changes: &Json) -> Json {
        merged(&jwt::header_for(&self.key(kid)), changes)
    }

    /// Returns a token signed by `sig-1` with some claims replaced; null removes one.
    pub fn with_claims(&self, changes: &Json) -> String {
        let key = self.key("sig-1");
        jwt::sign(&key, &jwt::header_for(&key), &merged(&self.claims, changes))
    }

    /// Asserts that VERIFY and REFRESH … ACCESS refuse the token, and that it changes nothing.
    #[track_caller]
    pub fn refuses(&mut self, what: &str, token: &str) {
        let verified = self.con.verify("auth:42", token, &["AUDIENCE", "*"]);
        assert_eq!(refused(verified), "INVALIDTOKEN", "VERIFY accepts {what}");
        let bound = self.con.refresh("auth:42", &self.refresh, &["ACCESS", token]);
        assert_eq!(refused(bound), "INVALIDTOKEN", "ACCESS accepts {what}");
        assert_eq!(self.con.records("auth:42"), self.records, "{what}");
    }

    /// Asserts that VERIFY refuses the token with this code.
    #[track_caller]
    pub fn verify_refuses(&mut self, what: &str, token: &str, code: &str) {
        assert_eq!(refused(self.con.verify("auth:42", token, &[])), code, "{what}");
    }

    /// Asserts that the valid token is still valid.
    pub fn still_works(mut self) {
        self.con.verify("auth:42", &self.token, &[]).unwrap();
        self.con.refresh("auth:42", &self.refresh, &["ACCESS", &self.token]).unwrap();
    }
}

/// Returns `base` with the members of `changes`; null removes one.
pub fn merged(base: &Json, changes: &Json) -> Json {
    let mut all = base.as_object().unwrap().clone();
    all.extend(changes.as_object().unwrap().clone());
    let kept = all.into_iter().filter(|(_, value)| !value.is_null());
    Json::Object(kept.collect())
}
