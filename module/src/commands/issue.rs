//! `AUTH.ISSUE key [CLAIMS json] [AUDIENCE aud] [CLIENT id [PUBLIC]] [CLASS name] [META json] [LIMIT n [EVICT|REJECT]]
//! [SID uuid] [ACCESSTTL s] [IDLETTL s] [MAXTTL s] [SHARED n] [AUTHTIME s] [FORMAT JSON]` → map: `access_token`,
//! `expires_in`, `refresh_token`, `refresh_expires_in`, `session_id`, `evicted` (array of sids); with FORMAT JSON the
//! token response of OAuth 2.0.
//!
//! Begins a session at generation 0. `hallpass.session-limit` caps all of a user's sessions and LIMIT those of the
//! CLASS, or all without one; the sessions that were refreshed least recently make room, or REJECT refuses. SID makes
//! the command safe to repeat: the same answer within `hallpass.retry-window` while the session is at generation 0.
//! CLIENT binds the session to a client; with PUBLIC its tokens only name the client. SHARED is the number of
//! generations that a refresh token may be behind and still be answered. AUTHTIME is when the user authenticated, by
//! default now.

use super::call::{Call, Command};
use crate::config::Config;
use crate::error::{self, Error};
use crate::event_kind::EventKind;
use crate::events::Event;
use crate::format::{FORMAT, Format};
use crate::redis::args::Arg;
use crate::redis::spec::{
    ArgKind, ArgSpec, CommandSpec, KeyAccess, integer_option, required, text_option, word,
};
use crate::reply::CommandResult;
use crate::stats::STATS;
use crate::user_hash::{Field, UserHash};
use crate::{entropy, keyring, logins};
use hallpass_engine::arguments::{self, Options};
use hallpass_engine::lifetimes::{RequestedTtls, SessionTtls};
use hallpass_engine::limits::Limits;
use hallpass_engine::record::Session;
use hallpass_engine::rotation::MAX_SHARED;
use hallpass_engine::{json, keywords, rotation, sid};
use std::slice;
use uuid::Uuid;

/// The command.
pub struct Issue;

keywords! {
    enum IssueOption {
        Claims = "CLAIMS",
        Audience = "AUDIENCE",
        Client = "CLIENT",
        Class = "CLASS",
        Meta = "META",
        Limit = "LIMIT",
        Sid = "SID",
        AccessTtl = "ACCESSTTL",
        IdleTtl = "IDLETTL",
        MaxTtl = "MAXTTL",
        Shared = "SHARED",
        AuthTime = "AUTHTIME",
        Format = "FORMAT",
    }
}

keywords! {
    enum ClientWord { Public = "PUBLIC" }
}

keywords! {
    enum OnLimit { Evict = "EVICT", Reject = "REJECT" }
}

const CLIENT: ArgSpec = required(
    c"client",
    ArgKind::Block(&[
        required(c"id", ArgKind::Text).behind(c"CLIENT"),
        word(c"public", c"PUBLIC").optional(),
    ]),
);

const LIMIT: ArgSpec = required(
    c"limit",
    ArgKind::Block(&[
        required(c"n", ArgKind::Integer).behind(c"LIMIT"),
        required(c"mode", ArgKind::OneOf(&[word(c"evict", c"EVICT"), word(c"reject", c"REJECT")])).optional(),
    ]),
);

#[derive(Default)]
struct Request {
    claims: Option<String>,
    audience: Option<String>,
    client: Option<String>,
    is_public: bool,
    class: Option<String>,
    meta: Option<String>,
    limit: Option<u64>,
    on_limit: Option<OnLimit>,
    sid: Option<Uuid>,
    ttls: RequestedTtls,
    shared: Option<u64>,
    auth_time: Option<u64>,
    format: Format,
}

impl Command for Issue {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.issue",
        summary: c"Begins a session and returns its first access and refresh token.",
        flags: c"write deny-oom no-monitor no-slowlog",
        tips: None,
        complexity: c"O(N) with N being the number of the user's sessions, bounded if no limit applies.",
        arity: -2,
        categories: c"write slow",
        key: KeyAccess::Insert,
        args: &[
            text_option(c"json", c"CLAIMS"),
            text_option(c"aud", c"AUDIENCE"),
            CLIENT.optional(),
            text_option(c"name", c"CLASS"),
            text_option(c"json", c"META"),
            LIMIT.optional(),
            text_option(c"uuid", c"SID"),
            integer_option(c"seconds", c"ACCESSTTL"),
            integer_option(c"seconds", c"IDLETTL"),
            integer_option(c"seconds", c"MAXTTL"),
            integer_option(c"n", c"SHARED"),
            integer_option(c"seconds", c"AUTHTIME"),
            FORMAT,
        ],
    };

    fn run(call: &Call<'_>) -> CommandResult {
        let request = Request::parse(call)?;
        let ttls = request.ttls.fit(&call.config.ttls()).ok_or(error::TTL)?;
        let loaded = keyring::current()?;
        let builder = call.tokens(&loaded.ring, request.format);
        let mut hash = UserHash::write(call.ctx, call.key, call.now)?;
        let sid = request.sid.map_or_else(|| new_sid(call), Ok)?;
        if let Some(existing) = repeated(&hash, &request, call)? {
            return Ok(builder.tokens(sid, &existing)?.with_evicted(Vec::new()).into());
        }
        let limits = request.limits(call.config);
        let filter = call.filter(request.class.as_deref());
        let room = limits.make_room(hash.scan(&filter, |fields| limits.may_bind(fields))?)?;
        let session = request.into_session(&ttls, call.now, logins::time_of(&sid, call.now));
        let tokens = builder.tokens(sid, &session)?;
        builder.check_reserve(sid, &session)?;
        hash.put(Field::of(&sid), &session, ttls.first_idle)?;
        hash.remove(&[room.evicted.as_slice(), &room.pruned].concat())?;
        drop(hash);
        logins::add(sid, session.issued_at);
        STATS.issued.add(1);
        announce(call, &sid, &room.evicted);
        Ok(tokens.with_evicted(room.evicted).into())
    }
}

fn new_sid(call: &Call<'_>) -> Result<Uuid, Error> {
    Ok(sid::new(call.now_ns, &entropy::bytes()?))
}

/// Returns the session that an earlier call with the same SID began, if this call repeats that one.
fn repeated(hash: &UserHash<'_>, request: &Request, call: &Call<'_>) -> Result<Option<Session>, Error> {
    let Some(sid) = &request.sid else {
        return Ok(None);
    };
    let field = Field::of(sid);
    if !hash.contains(&field) {
        return Ok(None);
    }
    let existing = hash.session(&field).ok_or(error::SID_USED)?;
    let is_repeated = rotation::is_repeated_login(&existing, call.now, &call.policy)
        && (&existing.client, existing.is_public) == (&request.client, request.is_public);
    if is_repeated { Ok(Some(existing)) } else { Err(error::SID_USED) }
}

fn announce(call: &Call<'_>, issued: &Uuid, evicted: &[Uuid]) {
    let Call { ctx, key, config, subject, now, .. } = *call;
    let publish = |kind, reason, sids| {
        Event { kind, subject, sids, reason, now, details: Vec::new() }.publish(ctx, key, config);
    };
    if !evicted.is_empty() {
        STATS.evicted.add(evicted.len() as u64);
        publish(EventKind::Evicted, "session limit", evicted);
    }
    publish(EventKind::Issued, "session issued", slice::from_ref(issued));
}

impl Request {
    fn parse(call: &Call<'_>) -> Result<Self, Error> {
        let mut options = Options::new(call.args);
        let mut request = Self::default();
        while let Some(option) = options.next_name()? {
            request.set(option, &mut options, call)?;
        }
        Ok(request)
    }

    fn set(
        &mut self,
        option: IssueOption,
        options: &mut Options<'_, Arg, IssueOption>,
        call: &Call<'_>,
    ) -> Result<(), Error> {
        let value = options.value()?;
        match option {
            IssueOption::Claims => self.claims = Some(json::claims(value, call.config.claims_max())?),
            IssueOption::Audience => self.audience = Some(arguments::session_audience(value)?.to_owned()),
            IssueOption::Client => {
                self.client = Some(arguments::name(value)?.to_owned());
                self.is_public = options.optional_word() == Some(ClientWord::Public);
            }
            IssueOption::Class => self.class = Some(arguments::name(value)?.to_owned()),
            IssueOption::Meta => self.meta = Some(json::meta(value, json::META_MAX_BYTES)?),
            IssueOption::Limit => {
                self.limit = Some(arguments::integer(value, 1..=10_000)?);
                self.on_limit = options.optional_word();
            }
            IssueOption::Sid => self.sid = Some(sid::parse(value).ok_or(error::SID)?),
            IssueOption::AccessTtl => self.ttls.access = Some(arguments::integer(value, 1..=86_400)?),
            IssueOption::IdleTtl => self.ttls.idle = Some(arguments::integer(value, 1..=31_536_000)?),
            IssueOption::MaxTtl => self.ttls.max = Some(arguments::integer(value, 1..=315_360_000)?),
            IssueOption::Shared => self.shared = Some(arguments::integer(value, 0..=MAX_SHARED)?),
            IssueOption::AuthTime => self.auth_time = Some(auth_time(value, call.now_seconds())?),
            IssueOption::Format => self.format = Format::parse(value)?,
        }
        Ok(())
    }

    fn limits(&self, config: &Config) -> Limits {
        Limits {
            total_limit: config.session_limit,
            class_limit: self.limit,
            rejects: self.on_limit == Some(OnLimit::Reject),
        }
    }

    fn into_session(self, ttls: &SessionTtls, now: u64, issued_at: u64) -> Session {
        Session {
            issued_at,
            client: self.client,
            is_public: self.is_public,
            audience: self.audience,
            class: self.class,
            meta: self.meta,
            claims: self.claims,
            shared: self.shared,
            auth_time: self.auth_time,
            ..ttls.begin(now)
        }
    }
}

fn auth_time(value: &[u8], now: u64) -> Result<u64, Error> {
    arguments::integer(value, 0..=now).map_err(|_| error::AUTH_TIME)
}
