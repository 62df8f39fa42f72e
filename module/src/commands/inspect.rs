//! `AUTH.INSPECT key refresh-token` → map: what the token would be answered, without rotating.
//!
//! `active` (boolean), `state` (`current`, `retry`, `reused`, `ahead`, `gone`, `expired`), `sub`, `sid`, `exp` (idle expiry), `iat`
//! (rotated-at), and `aud`, `client_id`, `scope` where set. `gone` has only `active`, `state`, `sub` and `sid`.

use super::refresh::{is_answered, policy};
use super::{Outcome, complete};
use crate::args;
use crate::config::Config;
use crate::error::{self, Error};
use crate::ffi::Arg;
use crate::info::unix_ms;
use crate::keyring;
use crate::reply::Reply;
use crate::store::{Field, UserHash};
use hallpass_engine::record::Session;
use hallpass_engine::refresh::{self, RefreshToken};
use hallpass_engine::rotation::{self, Decision};
use redis_module::Context;

/// Runs the command.
pub fn run(ctx: &Context, args: &[Arg]) -> Outcome {
    let [_, key, text] = args else {
        return Err(error::SYNTAX);
    };
    let config = Config::current();
    let subject = args::subject(&config.pattern, key)?;
    let now = unix_ms();
    let loaded = keyring::current().ok_or(Error::NoKey)?;
    let token = refresh::open(&loaded.ring, text, now / 1000).map_err(|_| Error::InvalidToken)?;
    if token.subject != subject {
        return Err(Error::InvalidToken);
    }
    let session = UserHash::read(ctx, key, now)?.session(&Field::of(&token.sid));
    let (is_active, state) = state(session.as_ref(), &token, now, &config);
    let mut members = vec![
        ("active", Reply::Bool(is_active)),
        ("state", Reply::text(state)),
        ("sub", Reply::text(subject)),
        ("sid", Reply::text(token.sid)),
    ];
    members.extend(session.map(|session| details(&session, &config)).unwrap_or_default());
    complete(Reply::Map(members))
}

/// Whether AUTH.REFRESH would answer with tokens, and the word for why.
fn state(session: Option<&Session>, token: &RefreshToken, now: u64, config: &Config) -> (bool, &'static str) {
    let seen = session.is_some_and(|session| is_answered(session, token));
    let is_ahead = session.is_some_and(|session| token.generation > session.generation);
    match rotation::decide(session, token.generation, now, &policy(config), seen) {
        Decision::NoSession => (false, "gone"),
        Decision::Expired => (false, "expired"),
        Decision::Rotate { .. } if is_ahead => (true, "ahead"),
        Decision::Rotate { .. } => (true, "current"),
        Decision::Retry { .. } => (true, "retry"),
        Decision::Reuse { .. } if is_ahead => (false, "ahead"),
        Decision::Reuse { .. } => (false, "reused"),
    }
}

fn details(session: &Session, config: &Config) -> Vec<(&'static str, Reply)> {
    let mut members = vec![
        ("exp", Reply::number(session.idle_expiry / 1000)),
        ("iat", Reply::number(session.rotated_at / 1000)),
    ];
    let scope = session.claims.as_deref().and_then(scope);
    let optional = [
        ("aud", session.audience.as_deref().or(config.audience())),
        ("client_id", session.client.as_deref()),
        ("scope", scope.as_deref()),
    ];
    members.extend(optional.into_iter().filter_map(|(name, value)| Some((name, Reply::text(value?)))));
    members
}

/// The claim `scope`, when it is a string.
fn scope(claims: &str) -> Option<String> {
    let claims: serde_json::Value = serde_json::from_str(claims).ok()?;
    claims.get("scope")?.as_str().map(str::to_owned)
}
