//! `AUTH.SESSIONS key [WITHCLAIMS] [OFFSET n] [COUNT n]` → array of maps, newest session first: `sid`, `class`, `client`, `meta`,
//! `issued_at`, `last_used_at`, `expires_at`, `ends_at`, `gen`, and with WITHCLAIMS `claims`; what is not set is left out. `meta` and
//! `claims` are JSON text. COUNT is 1–1000, by default 100. Expired sessions are skipped.

use super::{Outcome, complete};
use crate::args;
use crate::config::Config;
use crate::error::{self, Error};
use crate::ffi::Arg;
use crate::info::unix_ms;
use crate::reply::Reply;
use crate::store::UserHash;
use crate::survey::Lens;
use hallpass_engine::arguments::{self, Options};
use hallpass_engine::record::Session;
use redis_module::Context;
use std::cmp::Reverse;
use uuid::Uuid;

struct Page {
    with_claims: bool,
    offset: u64,
    count: u64,
}

/// Runs the command.
pub fn run(ctx: &Context, args: &[Arg]) -> Outcome {
    let [_, key, options @ ..] = args else {
        return Err(error::SYNTAX);
    };
    let config = Config::current();
    args::subject(&config.pattern, key)?;
    let page = Page::parse(options)?;
    let now = unix_ms();
    let hash = UserHash::read(ctx, key, now)?;
    let lens = Lens { not_before: config.not_before.saturating_mul(1000), class: None };
    let seen = hash.everything(&lens).sessions;
    let mut live: Vec<_> =
        seen.iter().filter(|session| !session.is_over).map(|session| session.sid).collect();
    live.sort_unstable_by_key(|sid| Reverse(*sid));
    let shown = live.into_iter().skip(as_index(page.offset)).take(as_index(page.count));
    let sessions = hash.sessions_of(shown);
    complete(Reply::Array(
        sessions.iter().map(|(sid, session)| entry(sid, session, page.with_claims)).collect(),
    ))
}

fn as_index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Page {
    fn parse(options: &[Arg]) -> Result<Self, Error> {
        let mut options = Options::new(options, &["WITHCLAIMS", "OFFSET", "COUNT"]);
        let mut page = Self { with_claims: false, offset: 0, count: 100 };
        while let Some(name) = options.next_name()? {
            match name {
                "WITHCLAIMS" => page.with_claims = true,
                "OFFSET" => page.offset = arguments::integer(options.value()?, 0..=u64::from(u32::MAX))?,
                _ => page.count = arguments::integer(options.value()?, 1..=1000)?,
            }
        }
        Ok(page)
    }
}

fn entry(sid: &Uuid, session: &Session, with_claims: bool) -> Reply {
    let mut members = vec![("sid", Reply::text(sid))];
    let claims = session.claims.as_ref().filter(|_| with_claims);
    let texts = [("class", &session.class), ("client", &session.client), ("meta", &session.meta)].into_iter();
    members.extend(texts.filter_map(|(name, text)| Some((name, Reply::text(text.as_ref()?)))));
    members.extend([
        ("issued_at", Reply::number(session.issued_at / 1000)),
        ("last_used_at", Reply::number(session.rotated_at / 1000)),
        ("expires_at", Reply::number(session.idle_expiry / 1000)),
        ("ends_at", Reply::number(session.absolute_expiry / 1000)),
        ("gen", Reply::number(session.generation)),
    ]);
    members.extend(claims.map(|claims| ("claims", Reply::text(claims))));
    Reply::Map(members)
}
