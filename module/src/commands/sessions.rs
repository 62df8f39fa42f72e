//! `AUTH.SESSIONS key [WITHCLAIMS] [OFFSET n] [COUNT n] [FORMAT JSON]` → array of maps, newest session first: `sid`,
//! `class`, `client`, `meta`, `issued_at`, `last_used_at`, `expires_at`, `ends_at`, `gen`, and with WITHCLAIMS
//! `claims`; members that are not set, or were not written by this module, are left out. `meta` and `claims` are JSON
//! text, with FORMAT JSON objects. COUNT is 1–1000, by default 100. Expired sessions are skipped.

use super::call::{Call, Command};
use crate::error::Error;
use crate::format::{FORMAT, Format};
use crate::redis::args::Arg;
use crate::redis::spec::{CommandSpec, DEPENDS_ON_MORE_THAN_THE_KEY, KeyAccess, integer_option, word};
use crate::reply::{CommandResult, Value};
use crate::user_hash::UserHash;
use hallpass_engine::arguments::{self, Options};
use hallpass_engine::record::Session;
use hallpass_engine::time::seconds;
use hallpass_engine::{json, keywords};
use std::cmp::Reverse;
use uuid::Uuid;

/// The command.
pub struct Sessions;

keywords! {
    enum SessionsOption { WithClaims = "WITHCLAIMS", Offset = "OFFSET", Count = "COUNT", Format = "FORMAT" }
}

struct Page {
    with_claims: bool,
    offset: u64,
    count: u64,
    format: Format,
}

impl Command for Sessions {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.sessions",
        summary: c"Lists a user's sessions, newest first.",
        flags: c"readonly no-monitor no-slowlog",
        tips: DEPENDS_ON_MORE_THAN_THE_KEY,
        complexity: c"O(N*log(N)) with N being the number of the user's sessions.",
        arity: -2,
        categories: c"read slow",
        key: KeyAccess::Read,
        args: &[
            word(c"withclaims", c"WITHCLAIMS").optional(),
            integer_option(c"n", c"OFFSET"),
            integer_option(c"n", c"COUNT"),
            FORMAT,
        ],
    };

    fn run(call: &Call<'_>) -> CommandResult {
        let page = Page::parse(call.args)?;
        let hash = UserHash::read(call.ctx, call.key, call.now)?;
        let mut live: Vec<_> = hash.scan_all(&call.filter(None)).live().collect();
        live.sort_unstable_by_key(|sid| Reverse(*sid));
        let shown = live.into_iter().skip(as_index(page.offset)).take(as_index(page.count));
        let sessions = hash.sessions_of(shown);
        let entries = sessions.iter().map(|(sid, session)| entry(sid, session, page.with_claims));
        Ok(Value::Array(entries.collect()).formatted(page.format).into())
    }
}

fn as_index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Page {
    fn parse(options: &[Arg]) -> Result<Self, Error> {
        let mut options = Options::new(options);
        let mut page = Self { with_claims: false, offset: 0, count: 100, format: Format::Resp };
        while let Some(option) = options.next_name()? {
            match option {
                SessionsOption::WithClaims => page.with_claims = true,
                SessionsOption::Offset => {
                    page.offset = arguments::integer(options.value()?, 0..=u64::from(u32::MAX))?;
                }
                SessionsOption::Format => page.format = Format::parse(options.value()?)?,
                SessionsOption::Count => page.count = arguments::integer(options.value()?, 1..=1000)?,
            }
        }
        Ok(page)
    }
}

fn entry(sid: &Uuid, session: &Session, with_claims: bool) -> Value {
    let mut members = vec![("sid", Value::text(sid))];
    let written_here =
        |text: &Option<String>, check: fn(&str) -> bool| text.clone().filter(|text| check(text));
    let claims = with_claims.then(|| written_here(&session.claims, json::are_written_here)).flatten();
    let meta = written_here(&session.meta, json::is_meta_written_here);
    let texts = [("class", &session.class), ("client", &session.client)].into_iter();
    members.extend(texts.filter_map(|(name, text)| Some((name, Value::text(text.as_ref()?)))));
    members.extend(meta.map(|meta| ("meta", Value::Json(meta))));
    members.extend([
        ("issued_at", Value::number(seconds(session.issued_at))),
        ("last_used_at", Value::number(seconds(session.rotated_at))),
        ("expires_at", Value::number(seconds(session.idle_expiry))),
        ("ends_at", Value::number(seconds(session.absolute_expiry))),
        ("gen", Value::number(session.generation)),
    ]);
    members.extend(claims.map(|claims| ("claims", Value::Json(claims))));
    Value::Map(members)
}
