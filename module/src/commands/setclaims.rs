//! `AUTH.SETCLAIMS key ALL|sid json` → number of sessions updated; an unknown sid is 0.
//!
//! Replaces the custom claims. The claims version becomes max(version + 1, now in seconds), so that AUTH.VERIFY answers
//! STALETOKEN to tokens minted before, until they are refreshed.

use super::call::{Call, Command};
use crate::error::{self, Error};
use crate::event_kind::EventKind;
use crate::events::Event;
use crate::format::Format;
use crate::keyring;
use crate::redis::spec::{ArgKind, CommandSpec, KeyAccess, required, word};
use crate::reply::{CommandResult, Value};
use crate::user_hash::UserHash;
use hallpass_engine::arguments::is_word;
use hallpass_engine::record::Session;
use hallpass_engine::{json, sid};
use uuid::Uuid;

/// The command.
pub struct SetClaims;

impl Command for SetClaims {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.setclaims",
        summary: c"Replaces the custom claims of all or one of a user's sessions.",
        flags: c"write deny-oom no-monitor no-slowlog",
        tips: None,
        complexity: c"O(N) with N being the number of sessions updated.",
        arity: 4,
        categories: c"write slow",
        key: KeyAccess::Update,
        args: &[
            required(c"target", ArgKind::OneOf(&[word(c"all", c"ALL"), required(c"sid", ArgKind::Text)])),
            required(c"json", ArgKind::Text),
        ],
    };

    fn run(call: &Call<'_>) -> CommandResult {
        let [target, text] = call.args else {
            return Err(error::SYNTAX);
        };
        let claims = json::claims(text, call.config.claims_max())?;
        let mut hash = UserHash::write(call.ctx, call.key, call.now)?;
        let mut sessions = named(&hash, call, target);
        sessions.retain(|(_, session)| !session.is_over(call.now, call.policy.not_before));
        for (_, session) in &mut sessions {
            session.replace_claims(claims.clone(), call.now);
        }
        check_size(call, &sessions)?;
        hash.put_all(&sessions, call.config.idle_ttl)?;
        drop(hash);
        announce(call, &sessions);
        Ok(Value::number(sessions.len() as u64).into())
    }
}

fn announce(call: &Call<'_>, sessions: &[(Uuid, Session)]) {
    if sessions.is_empty() {
        return;
    }
    let Call { ctx, key, config, subject, now, .. } = *call;
    let sids: Vec<_> = sessions.iter().map(|(sid, _)| *sid).collect();
    let (kind, reason, details) = (EventKind::Claims, "claims replaced", Vec::new());
    Event { kind, subject, sids: &sids, reason, now, details }.publish(ctx, key, config);
}

/// Returns all sessions, or the one with this id; none if the text is not a session id.
fn named(hash: &UserHash<'_>, call: &Call<'_>, target: &[u8]) -> Vec<(Uuid, Session)> {
    if is_word(target, "ALL") {
        let scan = hash.scan_all(&call.filter(None));
        hash.sessions_of(scan.sessions.into_iter().map(|session| session.sid))
    } else {
        hash.sessions_of(sid::parse(target).into_iter())
    }
}

/// Checks that the longest of the new tokens can still be verified. All have the same claims.
fn check_size(call: &Call<'_>, sessions: &[(Uuid, Session)]) -> Result<(), Error> {
    let loaded = keyring::current()?;
    // As it is written: JSON escapes some characters.
    let length = |name: &str, text: Option<&str>| {
        let json = text.and_then(|text| serde_json::to_string(text).ok());
        json.map_or(0, |json| name.len() + json.len())
    };
    let audience = |session: &Session| length("aud", session.audience.as_deref().or(call.config.audience()));
    let client = |session: &Session| length("client_id", session.client.as_deref());
    let longest = sessions.iter().max_by_key(|(_, session)| client(session) + audience(session));
    longest
        .map_or(Ok(()), |(sid, session)| call.tokens(&loaded.ring, Format::Resp).check_reserve(*sid, session))
}
