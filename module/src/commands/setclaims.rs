//! `AUTH.SETCLAIMS key ALL|sid json` → number of sessions updated; an unknown sid is 0.
//!
//! Replaces the custom claims. The claims version becomes max(version + 1, now in seconds), so that AUTH.VERIFY answers
//! STALETOKEN to tokens minted before, until they are refreshed.

use super::{Outcome, complete};
use crate::args;
use crate::config::Config;
use crate::error::{self, Error};
use crate::ffi::Arg;
use crate::info::unix_ms;
use crate::keyring;
use crate::minting::Minting;
use crate::reply::Reply;
use crate::store::UserHash;
use crate::survey::Lens;
use hallpass_engine::arguments::is_word;
use hallpass_engine::record::{MAX_GENERATION, Session};
use hallpass_engine::{json, sid};
use redis_module::Context;
use uuid::Uuid;

/// Runs the command.
pub fn run(ctx: &Context, args: &[Arg]) -> Outcome {
    let [_, key, target, text] = args else {
        return Err(error::SYNTAX);
    };
    let config = Config::current();
    let subject = args::subject(&config.pattern, key)?;
    let is_all = is_word(target, "ALL");
    let max = usize::try_from(config.claims_max_bytes).unwrap_or(usize::MAX);
    let claims = json::claims(text, max).map_err(Error::of_json)?;
    let now = unix_ms();
    let mut hash = UserHash::write(ctx, key, now)?;
    let not_before = config.not_before.saturating_mul(1000);
    let mut sessions = if is_all { all(&hash, not_before) } else { named(&hash, target) };
    sessions.retain(|(_, session)| !session.is_over(now, not_before));
    for (_, session) in &mut sessions {
        session.claims = Some(claims.clone());
        // A version beyond what a record can hold would make the session unreadable.
        session.claims_version = (session.claims_version + 1).max(now / 1000).min(MAX_GENERATION);
    }
    let loaded = keyring::current().ok_or(Error::NoKey)?;
    check_size(&Minting { config: &config, ring: &loaded.ring, subject, now }, &sessions)?;
    hash.put_all(&sessions, config.idle_ttl)?;
    complete(Reply::number(sessions.len() as u64))
}

fn all(hash: &UserHash<'_>, not_before: u64) -> Vec<(Uuid, Session)> {
    let seen = hash.everything(&Lens { not_before, class: None }).sessions;
    hash.sessions_of(seen.into_iter().map(|session| session.sid))
}

/// The session of that id; none for what is no session id.
fn named(hash: &UserHash<'_>, target: &[u8]) -> Vec<(Uuid, Session)> {
    hash.sessions_of(sid::parse(target).into_iter())
}

/// Whether the longest of the tokens to come can still be verified: claims are the same for all of them.
fn check_size(minting: &Minting<'_>, sessions: &[(Uuid, Session)]) -> Result<(), Error> {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let longest =
        sessions.iter().max_by_key(|(_, session)| length(&session.client) + length(&session.audience));
    longest.map_or(Ok(()), |(sid, session)| minting.tokens(*sid, session)?.check_size())
}
