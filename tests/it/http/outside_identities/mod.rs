//! `POST /token` with the token exchange grant (RFC 8693): tokens of outside issuers open sessions, once each, and nothing
//! else does.

mod browsers;
mod exchange;
mod issuers_file;
mod keys;
mod once;
mod wrong_tokens;

use std::{fs, path::PathBuf};

use serde_json::{Value as Json, json};

use crate::{
    http::redis,
    support::{
        Redis,
        http::{HttpAnswer, HttpRequest},
        http_server::Server,
        outside_issuer::{IssuerKey, OutsideIssuer},
        *,
    },
};

/// The grant.
pub const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The type of an ID token (RFC 8693 §3).
pub const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
/// The type of any other JWT.
pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// The type of an access token.
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A server that trusts one issuer with one ES256 key.
struct Trusting {
    redis: Redis,
    server: Server,
    issuer: OutsideIssuer,
    key: IssuerKey,
}

impl Trusting {
    /// With more members in the issuers file.
    fn with(members: &Json) -> Self {
        Self::with_flags(members, &[])
    }

    /// The same, with more flags.
    fn with_flags(members: &Json, flags: &[&str]) -> Self {
        let key = IssuerKey::new("ES256", "k1");
        let issuer = OutsideIssuer::with(&[&key]);
        let redis = redis();
        let server = serve(&redis, &json!([entry(&issuer, members)]), flags);
        Self { redis, server, issuer, key }
    }

    /// A good token about this user.
    fn token(&self, subject: &str) -> String {
        self.key.token(&self.issuer.claims(subject))
    }

    /// A token with these claims besides, or instead.
    fn token_with(&self, claims: &Json) -> String {
        self.key.token(&merged(&self.issuer.claims("42"), claims))
    }

    /// The exchange of a token.
    fn exchange(&self, token: &str) -> HttpAnswer {
        exchange(&self.server, token, &[])
    }
}

/// Returns an issuer's entry in the issuers file: for the audience `app`, and with more members.
pub fn entry(issuer: &OutsideIssuer, members: &Json) -> Json {
    merged(&json!({"issuer": issuer.url(), "audience": "app"}), members)
}

/// The first object with the members of the second one; null takes a member away.
fn merged(base: &Json, members: &Json) -> Json {
    let mut all = base.as_object().unwrap().clone();
    all.extend(members.as_object().unwrap().clone());
    all.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// Writes an issuers file into a directory that lives as long as its Redis.
fn write_issuers(redis: &Redis, issuers: &Json) -> PathBuf {
    let path = redis.path("issuers.json");
    fs::write(&path, issuers.to_string()).unwrap();
    path
}

/// A server with this issuers file.
fn serve(redis: &Redis, issuers: &Json, flags: &[&str]) -> Server {
    let path = write_issuers(redis, issuers);
    let own = ["--issuers-file", path.to_str().unwrap(), "--rate-limit", "0"];
    Server::before(redis, &[&own, flags].concat())
}

/// The request of an exchange, with more parameters.
fn exchange_request(server: &Server, token: &str, more: &[(&str, &str)]) -> HttpRequest {
    let fixed = [("grant_type", TOKEN_EXCHANGE), ("subject_token", token), ("subject_token_type", ID_TOKEN)];
    server.request("POST", "/token").form(&[&fixed, more].concat())
}

/// Exchanges a token, with more parameters, and asks again as long as the issuer's keys are on their way: on a busy machine
/// they may come later than a token waits for them.
#[track_caller]
pub fn exchange(server: &Server, token: &str, more: &[(&str, &str)]) -> HttpAnswer {
    let ask = || exchange_once(server, token, more);
    wait_for("the keys are there", SOON, || Some(ask()).filter(|answer| answer.status != 503))
}

/// The same, asking once.
fn exchange_once(server: &Server, token: &str, more: &[(&str, &str)]) -> HttpAnswer {
    exchange_request(server, token, more).send()
}

/// The number of live sessions of a subject.
fn sessions(redis: &Redis, subject: &str) -> usize {
    let sessions: Vec<redis::Value> = redis.connect().get(&["AUTH.SESSIONS", &format!("auth:{subject}")]);
    sessions.len()
}
