//! `AUTH.INSPECT key refresh-token` → map: what the token would be answered, without rotating.
//!
//! `active` (boolean), `state` (`current`, `retry`, `reused`, `ahead`, `gone`, `expired`), `sub`, `sid`, `exp` (idle expiry), `iat`
//! (rotated-at), and `aud`, `client_id`, `scope` where set. `gone` has only `active`, `state`, `sub` and `sid`.

use super::call::{Call, Command};
use crate::config::Config;
use crate::error;
use crate::redis::spec::{ArgKind, CommandSpec, KeyAccess, required};
use crate::reply::{CommandResult, Value};
use crate::tokens::receipts;
use crate::user_hash::{Field, UserHash};
use hallpass_engine::inspection::inspect;
use hallpass_engine::record::Session;
use hallpass_engine::time::seconds;

/// The command.
pub struct Inspect;

impl Command for Inspect {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.inspect",
        summary: c"Tells what a refresh token would be answered, without rotating.",
        flags: c"readonly no-monitor no-slowlog",
        complexity: c"O(1)",
        arity: 3,
        categories: c"read fast",
        key: KeyAccess::Read,
        args: &[required(c"refresh-token", ArgKind::Text)],
    };

    fn run(call: &Call<'_>) -> CommandResult {
        let [text] = call.args else {
            return Err(error::SYNTAX);
        };
        let token = call.refresh_token(text)?;
        let session = UserHash::read(call.ctx, call.key, call.now)?.session(&Field::of(&token.sid));
        let has_arrived = session.as_ref().is_some_and(|session| receipts::has_arrived(session, &token));
        let (state, is_active) =
            inspect(session.as_ref(), token.generation, call.now, &call.policy, has_arrived);
        let mut members = vec![
            ("active", Value::Bool(is_active)),
            ("state", Value::text(state.name())),
            ("sub", Value::text(call.subject)),
            ("sid", Value::text(token.sid)),
        ];
        members.extend(session.map(|session| details(&session, call.config)).unwrap_or_default());
        Ok(Value::Map(members).into())
    }
}

fn details(session: &Session, config: &Config) -> Vec<(&'static str, Value)> {
    let mut members = vec![
        ("exp", Value::number(seconds(session.idle_expiry))),
        ("iat", Value::number(seconds(session.rotated_at))),
    ];
    let scope = session.claims.as_deref().and_then(scope);
    let optional = [
        ("aud", session.audience.as_deref().or(config.audience())),
        ("client_id", session.client.as_deref()),
        ("scope", scope.as_deref()),
    ];
    members.extend(optional.into_iter().filter_map(|(name, value)| Some((name, Value::text(value?)))));
    members
}

/// The claim `scope`, when it is a string.
fn scope(claims: &str) -> Option<String> {
    let claims: serde_json::Value = serde_json::from_str(claims).ok()?;
    claims.get("scope")?.as_str().map(str::to_owned)
}
