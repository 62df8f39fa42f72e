//! `AUTH.REFRESH key refresh-token [ACCESS access-token] [CLIENT id] [META json]` → map: `access_token`, `expires_in`,
//! `refresh_token`, `refresh_expires_in`, `session_id`.
//!
//! Exchanges a refresh token for its successor, in one atomic step. The rules are those of
//! [`hallpass_engine::rotation`]; ACCESS and CLIENT are checked before anything changes.

use super::{Answer, Outcome};
use crate::args;
use crate::config::Config;
use crate::error::{self, Error};
use crate::events::Event;
use crate::ffi::Arg;
use crate::info::{STATS, unix_ms};
use crate::minting::Minting;
use crate::store::{Field, UserHash};
use crate::{keyring, receipts};
use hallpass_engine::arguments::{self, Options};
use hallpass_engine::record::Session;
use hallpass_engine::refresh::{self, RefreshToken};
use hallpass_engine::rotation::{self, Decision, Policy};
use hallpass_engine::{access, json};
use redis_module::Context;
use serde_json::json;

/// Session metadata is at most this long.
pub const META_MAX_BYTES: usize = 1024;

#[derive(Default)]
struct Request<'a> {
    access: Option<&'a [u8]>,
    client: Option<&'a str>,
    meta: Option<String>,
}

/// One refresh on its way.
struct Refreshing<'a> {
    ctx: &'a Context,
    key: &'a Arg,
    hash: UserHash<'a>,
    minting: Minting<'a>,
    token: RefreshToken,
}

/// Runs the command.
pub fn run(ctx: &Context, args: &[Arg]) -> Outcome {
    let [_, key, text, options @ ..] = args else {
        return Err(error::SYNTAX);
    };
    let config = Config::current();
    let subject = args::subject(&config.pattern, key)?;
    let request = Request::parse(options)?;
    if request.access.is_none() && config.refresh_requires_access {
        return Err(error::ACCESS_REQUIRED);
    }
    let now = unix_ms();
    let loaded = keyring::current().ok_or(Error::NoKey)?;
    let token = refresh::open(&loaded.ring, text, now / 1000).map_err(|_| Error::InvalidToken)?;
    if token.subject != subject {
        return Err(Error::InvalidToken);
    }
    let minting = Minting { config: &config, ring: &loaded.ring, subject, now };
    request.check_access(&minting, &token)?;
    Refreshing { ctx, key, hash: UserHash::write(ctx, key, now)?, minting, token }.run(request)
}

impl<'a> Request<'a> {
    fn parse(options: &'a [Arg]) -> Result<Self, Error> {
        let mut options = Options::new(options, &["ACCESS", "CLIENT", "META"]);
        let mut request = Self::default();
        while let Some(name) = options.next_name()? {
            let value = options.value()?;
            match name {
                "ACCESS" => request.access = Some(value),
                "CLIENT" => request.client = Some(arguments::name(value)?),
                _ => request.meta = Some(json::meta(value, META_MAX_BYTES).map_err(Error::of_json)?),
            }
        }
        Ok(request)
    }

    /// The access token may be expired, but must be ours and of the same session.
    fn check_access(&self, minting: &Minting<'_>, token: &RefreshToken) -> Result<(), Error> {
        let Some(text) = self.access else {
            return Ok(());
        };
        let access =
            access::authenticate(minting.ring, text, minting.now / 1000).map_err(|_| Error::InvalidToken)?;
        if access.sub() == token.subject.as_bytes() && access.sid == token.sid {
            Ok(())
        } else {
            Err(Error::InvalidToken)
        }
    }

    /// A session that is bound to a client answers to that client only, and another one changes nothing.
    fn check_client(&self, session: Option<&Session>) -> Result<(), Error> {
        match session.and_then(|session| session.client.as_deref()) {
            Some(bound) if self.client != Some(bound) => Err(Error::InvalidToken),
            _ => Ok(()),
        }
    }
}

impl Refreshing<'_> {
    fn run(self, request: Request<'_>) -> Outcome {
        let field = Field::of(&self.token.sid);
        let session = self.hash.session(&field);
        request.check_client(session.as_ref())?;
        let seen = session.as_ref().is_some_and(|session| is_answered(session, &self.token));
        let policy = policy(self.minting.config);
        let decision =
            rotation::decide(session.as_ref(), self.token.generation, self.minting.now, &policy, seen);
        match (decision, session) {
            (Decision::Rotate { next, recovered }, _) => self.rotate(field, next, recovered, request.meta),
            (Decision::Retry { age }, Some(session)) => self.retry(&session, age),
            (Decision::Reuse { age, distance, seen }, _) => self.end_reused(age, distance, seen),
            (Decision::Expired, _) => self.end_expired(),
            (Decision::NoSession | Decision::Retry { .. }, _) => Err(Error::NoSession),
        }
    }

    fn rotate(mut self, field: Field, mut next: Session, recovered: u64, meta: Option<String>) -> Outcome {
        next.meta = meta.or(next.meta);
        let tokens = self.minting.tokens(self.token.sid, &next)?;
        let idle_ttl = next.idle_ttl.unwrap_or(self.minting.config.idle_ttl);
        self.hash.put(field, &next, idle_ttl)?;
        STATS.refreshed.add(1);
        if recovered > 0 {
            STATS.recovered.add(1);
            self.publish("recovered", "token is ahead of the store", vec![("distance", json!(recovered))]);
        }
        Ok(Answer::Unsigned(Box::new(tokens)))
    }

    fn retry(self, session: &Session, age: u64) -> Outcome {
        let tokens = self.minting.tokens(self.token.sid, session)?;
        STATS.count_retry(age);
        Ok(Answer::Unsigned(Box::new(tokens)))
    }

    fn end_reused(mut self, age: u64, distance: u64, seen: bool) -> Outcome {
        self.hash.remove(&[self.token.sid])?;
        STATS.reused.add(1);
        let details = vec![("age", json!(age)), ("distance", json!(distance)), ("seen", json!(seen))];
        self.publish("reused", "refresh token used again", details);
        Err(Error::ReusedToken)
    }

    fn end_expired(mut self) -> Outcome {
        self.hash.remove(&[self.token.sid])?;
        Err(Error::ExpiredToken)
    }

    /// Closes the hash, and tells what happened to the session.
    fn publish(
        self,
        name: &'static str,
        reason: &'static str,
        mut details: Vec<(&'static str, serde_json::Value)>,
    ) {
        drop(self.hash);
        details.push(("gen", json!(self.token.generation)));
        let sids = [self.token.sid];
        let subject = self.minting.subject;
        Event { name, subject, sids: &sids, reason, now: self.minting.now, details }
            .publish(self.ctx, self.key);
    }
}

/// Whether the answer that began the session's generation is known to have arrived. Nobody asks for that when the token is
/// of this generation.
pub fn is_answered(session: &Session, token: &RefreshToken) -> bool {
    token.generation != session.generation && receipts::has_seen(&token.sid, session.generation)
}

/// The settings that the rules depend on.
pub fn policy(config: &Config) -> Policy {
    Policy {
        race_window: config.race_window.saturating_mul(1000),
        retry_window: config.retry_window.saturating_mul(1000),
        idle_ttl: config.idle_ttl,
        recovery: config.recovery,
        not_before: config.not_before.saturating_mul(1000),
    }
}
