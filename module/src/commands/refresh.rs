//! `AUTH.REFRESH key refresh-token [ACCESS access-token] [CLIENT id] [META json] [FORMAT JSON]` → map: `access_token`,
//! `expires_in`, `refresh_token`, `refresh_expires_in`, `session_id`; with FORMAT JSON the token response of OAuth 2.0.
//!
//! Exchanges a refresh token for its successor, in one atomic step. The rules are those of
//! [`hallpass_engine::rotation`]; ACCESS and CLIENT are checked before anything changes.

use super::call::{Call, Command};
use crate::error::{self, Error};
use crate::event_kind::EventKind;
use crate::events::Event;
use crate::format::{FORMAT, Format};
use crate::keyring;
use crate::redis::args::Arg;
use crate::redis::spec::{ArgKind, CommandSpec, KeyAccess, required, text_option};
use crate::reply::CommandResult;
use crate::stats::STATS;
use crate::tokens::builder::UnsignedTokens;
use crate::tokens::receipts;
use crate::user_hash::{Field, UserHash};
use hallpass_engine::arguments::{self, Options};
use hallpass_engine::record::Session;
use hallpass_engine::refresh::RefreshToken;
use hallpass_engine::rotation::{self, Decision};
use hallpass_engine::{access, json, keywords};
use serde_json::json;

/// The command.
pub struct Refresh;

keywords! {
    enum RefreshOption { Access = "ACCESS", Client = "CLIENT", Meta = "META", Format = "FORMAT" }
}

#[derive(Default)]
struct Request<'a> {
    access: Option<&'a [u8]>,
    client: Option<&'a str>,
    meta: Option<String>,
    format: Format,
}

/// A refresh with an authentic token.
struct RefreshCall<'a> {
    call: &'a Call<'a>,
    hash: UserHash<'a>,
    token: RefreshToken,
    format: Format,
}

impl Command for Refresh {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.refresh",
        summary: c"Exchanges a refresh token for its successor and a new access token.",
        flags: c"write no-monitor no-slowlog",
        tips: None,
        complexity: c"O(1)",
        arity: -3,
        categories: c"write fast",
        key: KeyAccess::Update,
        args: &[
            required(c"refresh-token", ArgKind::Text),
            text_option(c"access-token", c"ACCESS"),
            text_option(c"id", c"CLIENT"),
            text_option(c"json", c"META"),
            FORMAT,
        ],
    };

    fn impossible_subject(_args: &[Arg]) -> Error {
        Error::InvalidToken
    }

    fn run(call: &Call<'_>) -> CommandResult {
        let (text, options) = call.args.split_first().ok_or(error::SYNTAX)?;
        let request = Request::parse(options)?;
        if request.access.is_none() && call.config.refresh_requires_access {
            return Err(error::ACCESS_REQUIRED);
        }
        let token = call.refresh_token(text)?;
        request.check_access(call, &token)?;
        let hash = UserHash::write(call.ctx, call.key, call.now)?;
        RefreshCall { call, hash, token, format: request.format }.run(request)
    }
}

impl<'a> Request<'a> {
    fn parse(options: &'a [Arg]) -> Result<Self, Error> {
        let mut options = Options::new(options);
        let mut request = Self::default();
        while let Some(option) = options.next_name()? {
            let value = options.value()?;
            match option {
                RefreshOption::Access => request.access = Some(value),
                RefreshOption::Client => request.client = Some(arguments::name(value)?),
                RefreshOption::Meta => request.meta = Some(json::meta(value, json::META_MAX_BYTES)?),
                RefreshOption::Format => request.format = Format::parse(value)?,
            }
        }
        Ok(request)
    }

    /// Checks ACCESS: the token may be expired, but must be ours and of the same session. If it has the session's id
    /// but is of another login, one of the two tokens belongs to a session that no longer exists.
    fn check_access(&self, call: &Call<'_>, token: &RefreshToken) -> Result<(), Error> {
        let Some(text) = self.access else {
            return Ok(());
        };
        let access = access::authenticate(&keyring::current()?.ring, text, call.now_seconds())?;
        if !token.is_of_session_of(&access) || access.database != call.database {
            return Err(Error::InvalidToken);
        }
        if token.login == access.login { Ok(()) } else { Err(Error::NoSession) }
    }
}

impl RefreshCall<'_> {
    fn run(self, request: Request<'_>) -> CommandResult {
        let field = Field::of(&self.token.login.sid);
        let session = self.hash.session(&field).filter(|session| session.is_of(&self.token.login));
        if session.as_ref().is_some_and(|session| !session.answers_to(request.client)) {
            return Err(Error::InvalidToken);
        }
        match (self.decide(session.as_ref()), session) {
            (Decision::Rotate { next, recovered }, _) => self.rotate(field, next, recovered, request.meta),
            (Decision::Retry { age, is_shared }, Some(session)) => self.retry(&session, age, is_shared),
            (Decision::Renew { next, age }, _) => self.renew(field, next, age, request.meta),
            (Decision::Reuse { age, distance, seen }, _) => self.end_reused(age, distance, seen),
            (Decision::Expired, _) => self.end_expired(),
            (Decision::NoSession | Decision::Retry { .. }, _) => Err(Error::NoSession),
        }
    }

    fn decide(&self, session: Option<&Session>) -> Decision {
        let has_arrived =
            session.is_some_and(|session| receipts::has_arrived(self.call.database, session, &self.token));
        rotation::decide(session, self.token.generation, self.call.now, &self.call.policy, has_arrived)
    }

    fn tokens(&self, session: &Session) -> Result<UnsignedTokens, Error> {
        self.call.tokens(&keyring::current()?.ring, self.format).tokens(self.token.login.sid, session)
    }

    fn rotate(mut self, field: Field, next: Session, recovered: u64, meta: Option<String>) -> CommandResult {
        let tokens = self.store(field, next, meta)?;
        STATS.refreshed.add(1);
        if recovered > 0 {
            STATS.recovered.add(1);
            let details = vec![("distance", json!(recovered))];
            self.publish(EventKind::Recovered, "token is ahead of the store", details);
        }
        Ok(tokens.into())
    }

    fn renew(mut self, field: Field, next: Session, age: u64, meta: Option<String>) -> CommandResult {
        let tokens = self.store(field, next, meta)?;
        STATS.count_retry(age, true);
        Ok(tokens.into())
    }

    /// Stores the next state of the session, and returns its tokens.
    fn store(
        &mut self,
        field: Field,
        mut next: Session,
        meta: Option<String>,
    ) -> Result<UnsignedTokens, Error> {
        next.meta = meta.or(next.meta);
        let tokens = self.tokens(&next)?;
        let idle_ttl = next.idle_ttl.unwrap_or(self.call.config.idle_ttl);
        self.hash.put(field, &next, idle_ttl)?;
        Ok(tokens)
    }

    fn retry(self, session: &Session, age: u64, is_shared: bool) -> CommandResult {
        let tokens = self.tokens(session)?;
        STATS.count_retry(age, is_shared);
        Ok(tokens.into())
    }

    fn end_reused(mut self, age: u64, distance: u64, seen: bool) -> CommandResult {
        self.hash.remove(&[self.token.login.sid])?;
        STATS.reused.add(1);
        let details = vec![("age", json!(age)), ("distance", json!(distance)), ("seen", json!(seen))];
        self.publish(EventKind::Reused, "refresh token used again", details);
        Err(Error::ReusedToken)
    }

    fn end_expired(mut self) -> CommandResult {
        self.hash.remove(&[self.token.login.sid])?;
        Err(Error::ExpiredToken)
    }

    /// Closes the hash, and publishes the event.
    fn publish(
        self,
        kind: EventKind,
        reason: &'static str,
        mut details: Vec<(&'static str, serde_json::Value)>,
    ) {
        drop(self.hash);
        details.push(("gen", json!(self.token.generation)));
        let Call { ctx, key, config, subject, now, .. } = *self.call;
        Event { kind, subject, sids: &[self.token.login.sid], reason, now, details }
            .publish(ctx, key, config);
    }
}
