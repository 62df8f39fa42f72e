//! `AUTH.INSPECT key refresh-token [WITHCLAIMS] [FORMAT JSON]` → map: how AUTH.REFRESH would answer the token, without
//! rotating.
//!
//! `active` (boolean), `state` (`current`, `retry`, `shared`, `reused`, `ahead`, `gone`, `expired`), `sub`, `sid`,
//! `exp` (idle expiry), `iat` (rotated-at), `aud`, `client_id` and `scope` where set, `auth_time`, `gen` (of the
//! session), `access_expires_at` (of the access token that the last rotation answered with), `bound` (boolean: to a
//! client), and with WITHCLAIMS `claims`, as JSON text, where set. `gone` has only `active`, `state`, `sub` and `sid`.
//! A current token proves that it was received.

use super::call::{Call, Command};
use crate::config::Config;
use crate::error::{self, Error};
use crate::format::{FORMAT, Format};
use crate::redis::args::Arg;
use crate::redis::spec::{ArgKind, CommandSpec, DEPENDS_ON_MORE_THAN_THE_KEY, KeyAccess, required, word};
use crate::reply::{CommandResult, Value};
use crate::tokens::receipts::{self, Arrival};
use crate::user_hash::{Field, UserHash};
use hallpass_engine::arguments::Options;
use hallpass_engine::inspection::inspect;
use hallpass_engine::record::Session;
use hallpass_engine::refresh::RefreshToken;
use hallpass_engine::time::seconds;
use hallpass_engine::{json, keywords};
use uuid::Uuid;

/// The command.
pub struct Inspect;

keywords! {
    enum InspectOption { WithClaims = "WITHCLAIMS", Format = "FORMAT" }
}

#[derive(Default)]
struct Request {
    with_claims: bool,
    format: Format,
}

impl Command for Inspect {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.inspect",
        summary: c"Returns how AUTH.REFRESH would answer a refresh token, without rotating it.",
        flags: c"readonly no-monitor no-slowlog",
        tips: DEPENDS_ON_MORE_THAN_THE_KEY,
        complexity: c"O(1)",
        arity: -3,
        categories: c"read fast",
        key: KeyAccess::Read,
        args: &[
            required(c"refresh-token", ArgKind::Text),
            word(c"withclaims", c"WITHCLAIMS").optional(),
            FORMAT,
        ],
    };

    fn impossible_subject(_args: &[Arg]) -> Error {
        Error::InvalidToken
    }

    fn run(call: &Call<'_>) -> CommandResult {
        let (text, options) = call.args.split_first().ok_or(error::SYNTAX)?;
        let request = Request::parse(options)?;
        let token = call.refresh_token(text)?;
        let hash = UserHash::read(call.ctx, call.key, call.now)?;
        let session =
            hash.session(&Field::of(&token.login.sid)).filter(|session| session.is_of(&token.login));
        let has_arrived =
            session.as_ref().is_some_and(|session| receipts::has_arrived(call.database, session, &token));
        let (state, is_active) =
            inspect(session.as_ref(), token.generation, call.now, &call.policy, has_arrived);
        let mut members = vec![
            ("active", Value::Bool(is_active)),
            ("state", Value::text(state.name())),
            ("sub", Value::text(call.subject)),
            ("sid", Value::text(token.login.sid)),
        ];
        if let Some(session) = &session {
            if state.proves_receipt() {
                note_receipt(call, &token, session);
            }
            let claims = stored_claims(session);
            members.extend(details(&token.login.sid, session, claims, call.config));
            members.extend(
                claims
                    .filter(|_| request.with_claims)
                    .map(|claims| ("claims", Value::Json(claims.to_owned()))),
            );
        }
        Ok(Value::Map(members).formatted(request.format).into())
    }
}

impl Request {
    fn parse(options: &[Arg]) -> Result<Self, Error> {
        let mut options = Options::new(options);
        let mut request = Self::default();
        while let Some(option) = options.next_name()? {
            match option {
                InspectOption::WithClaims => request.with_claims = true,
                InspectOption::Format => request.format = Format::parse(options.value()?)?,
            }
        }
        Ok(request)
    }
}

fn note_receipt(call: &Call<'_>, RefreshToken { login, generation, .. }: &RefreshToken, session: &Session) {
    let (database, generation, began) = (call.database, *generation, session.rotated_at);
    Arrival { database, login, generation, began }.note(call.now, call.policy.retry_window);
}

fn details(
    sid: &Uuid,
    session: &Session,
    claims: Option<&str>,
    config: &Config,
) -> Vec<(&'static str, Value)> {
    let mut members = vec![
        ("exp", Value::number(seconds(session.idle_expiry))),
        ("iat", Value::number(seconds(session.rotated_at))),
    ];
    let scope = claims.and_then(json::scope);
    let optional = [
        ("aud", session.audience.as_deref().or(config.audience())),
        ("client_id", session.client.as_deref()),
        ("scope", scope.as_deref()),
    ];
    members.extend(optional.into_iter().filter_map(|(name, value)| Some((name, Value::text(value?)))));
    members.extend([
        ("auth_time", Value::number(session.authenticated_at())),
        ("gen", Value::number(session.generation)),
        ("access_expires_at", Value::number(config.access_ttls().of_first_token(sid, session))),
        ("bound", Value::Bool(session.bound_to().is_some())),
    ]);
    members
}

/// Returns the stored claims, unless this module did not write them.
fn stored_claims(session: &Session) -> Option<&str> {
    session.claims.as_deref().filter(|stored| json::are_written_here(stored))
}
