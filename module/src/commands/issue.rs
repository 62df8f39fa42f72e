//! `AUTH.ISSUE key [CLAIMS json] [AUDIENCE aud] [CLIENT id] [CLASS name] [META json] [LIMIT n [EVICT|REJECT]]
//! [SID uuid] [ACCESSTTL s] [IDLETTL s] [MAXTTL s]` → map: `access_token`, `expires_in`, `refresh_token`,
//! `refresh_expires_in`, `session_id`, `evicted` (array of sids).
//!
//! Begins a session at generation 0. `hallpass.session-limit` caps all of a user's sessions and LIMIT those of the CLASS,
//! or all without one; the sessions that were refreshed least recently make room, or REJECT refuses. SID makes the
//! command safe to repeat: the same answer within `hallpass.retry-window` while the session is at generation 0.

use super::refresh::META_MAX_BYTES;
use super::{Answer, Outcome};
use crate::args;
use crate::config::Config;
use crate::entropy;
use crate::error::{self, Error};
use crate::events::Event;
use crate::ffi::Arg;
use crate::info::{STATS, unix_ns};
use crate::keyring;
use crate::limits::{self, Limit};
use crate::minting::{Minting, UnsignedTokens};
use crate::store::{Field, UserHash};
use crate::survey::{Lens, Survey};
use hallpass_engine::arguments::{self, Options};
use hallpass_engine::record::Session;
use hallpass_engine::{json, sid};
use redis_module::Context;
use uuid::Uuid;

/// Expired sessions removed along the way, at most, per call.
const PRUNE_AT_MOST: usize = 64;

#[derive(Default)]
struct Request {
    claims: Option<String>,
    audience: Option<String>,
    client: Option<String>,
    class: Option<String>,
    meta: Option<String>,
    limit: Option<Limit>,
    rejects: bool,
    sid: Option<Uuid>,
    access_ttl: Option<u64>,
    idle_ttl: Option<u64>,
    max_ttl: Option<u64>,
}

/// Runs the command.
pub fn run(ctx: &Context, args: &[Arg]) -> Outcome {
    let [_, key, options @ ..] = args else {
        return Err(error::SYNTAX);
    };
    let config = Config::current();
    let subject = args::subject(&config.pattern, key)?;
    let request = Request::parse(options, &config)?;
    let clock = unix_ns();
    let now = u64::try_from(clock / 1_000_000).unwrap_or(u64::MAX);
    let lifetimes = request.lifetimes(&config)?;
    let loaded = keyring::current().ok_or(Error::NoKey)?;
    let minting = Minting { config: &config, ring: &loaded.ring, subject, now };
    let mut hash = UserHash::write(ctx, key, now)?;
    let sid = match request.sid {
        Some(sid) => sid,
        None => sid::new(clock, &entropy::bytes()?),
    };
    if let Some(existing) = repeated(&hash, &request, &config, now)? {
        return Ok(answer(minting.tokens(sid, &existing)?, Vec::new()));
    }
    let not_before = config.not_before.saturating_mul(1000);
    let lens = Lens { not_before, class: request.class.as_deref() };
    let survey = hash.survey(&lens, |fields| request.limit.is_some() || limits::may_bind(&config, fields))?;
    let plan = plan(survey, &request, config.session_limit)?;
    let session = request.into_session(lifetimes, now);
    let tokens = minting.tokens(sid, &session)?;
    tokens.check_size()?;
    hash.put(Field::of(&sid), &session, lifetimes.idle)?;
    hash.remove(&[plan.evict.as_slice(), plan.prune.as_slice()].concat())?;
    drop(hash);
    STATS.issued.add(1);
    announce(ctx, key, &minting, &plan.evict);
    Ok(answer(tokens, plan.evict))
}

/// The session that an earlier call with the same SID made, when this call repeats that one.
fn repeated(
    hash: &UserHash<'_>,
    request: &Request,
    config: &Config,
    now: u64,
) -> Result<Option<Session>, Error> {
    let Some(sid) = &request.sid else {
        return Ok(None);
    };
    let field = Field::of(sid);
    if !hash.contains(&field) {
        return Ok(None);
    }
    let existing = hash.session(&field).ok_or(error::SID_USED)?;
    let age = now.saturating_sub(existing.rotated_at);
    let is_repeatable = existing.generation == 0
        && age < config.retry_window.saturating_mul(1000)
        && !existing.is_over(now, config.not_before.saturating_mul(1000));
    if is_repeatable { Ok(Some(existing)) } else { Err(error::SID_USED) }
}

/// Which sessions go when this one comes.
struct Plan {
    evict: Vec<Uuid>,
    prune: Vec<Uuid>,
}

fn plan(survey: Survey, request: &Request, session_limit: limits::Limit) -> Result<Plan, Error> {
    if survey.is_foreign {
        return Err(Error::WrongType);
    }
    let (over, live): (Vec<_>, Vec<_>) = survey.sessions.into_iter().partition(|session| session.is_over);
    let evict = limits::to_evict(live, session_limit, request.limit);
    if request.rejects && !evict.is_empty() {
        return Err(Error::SessionLimit);
    }
    let prune = over.into_iter().map(|session| session.sid).take(PRUNE_AT_MOST).collect();
    Ok(Plan { evict, prune })
}

fn announce(ctx: &Context, key: &Arg, minting: &Minting<'_>, evicted: &[Uuid]) {
    if evicted.is_empty() {
        return;
    }
    STATS.evicted.add(evicted.len() as u64);
    let (subject, now) = (minting.subject, minting.now);
    Event { name: "evicted", subject, sids: evicted, reason: "session limit", now, details: Vec::new() }
        .publish(ctx, key);
}

fn answer(tokens: UnsignedTokens, evicted: Vec<Uuid>) -> Answer {
    Answer::Unsigned(Box::new(tokens.with_evicted(evicted)))
}

/// Lifetimes in seconds, fitted into each other.
#[derive(Clone, Copy)]
struct Lifetimes {
    access: Option<u64>,
    idle: u64,
    max: u64,
}

impl Request {
    const OPTIONS: [&'static str; 10] =
        ["CLAIMS", "AUDIENCE", "CLIENT", "CLASS", "META", "LIMIT", "SID", "ACCESSTTL", "IDLETTL", "MAXTTL"];

    fn parse(options: &[Arg], config: &Config) -> Result<Self, Error> {
        let mut options = Options::new(options, &Self::OPTIONS);
        let mut request = Self::default();
        while let Some(name) = options.next_name()? {
            let value = options.value()?;
            request.set(name, value, config)?;
            if name == "LIMIT" {
                request.rejects = options.optional_word(&["EVICT", "REJECT"]) == Some("REJECT");
            }
        }
        Ok(request)
    }

    fn set(&mut self, name: &str, value: &[u8], config: &Config) -> Result<(), Error> {
        let claims_max = usize::try_from(config.claims_max_bytes).unwrap_or(usize::MAX);
        match name {
            "CLAIMS" => self.claims = Some(json::claims(value, claims_max).map_err(Error::of_json)?),
            "AUDIENCE" => self.audience = Some(audience(value)?),
            "CLIENT" => self.client = Some(arguments::name(value)?.to_owned()),
            "CLASS" => self.class = Some(arguments::name(value)?.to_owned()),
            "META" => self.meta = Some(json::meta(value, META_MAX_BYTES).map_err(Error::of_json)?),
            "LIMIT" => self.limit = Some(arguments::integer(value, 1..=10_000)?),
            "SID" => self.sid = Some(sid::parse(value).ok_or(error::SID)?),
            "ACCESSTTL" => self.access_ttl = Some(arguments::integer(value, 1..=86_400)?),
            "IDLETTL" => self.idle_ttl = Some(arguments::integer(value, 1..=31_536_000)?),
            _ => self.max_ttl = Some(arguments::integer(value, 1..=315_360_000)?),
        }
        Ok(())
    }

    /// Lifetimes that are not given are lowered to fit; given ones must fit.
    fn lifetimes(&self, config: &Config) -> Result<Lifetimes, Error> {
        let max = self.max_ttl.unwrap_or(config.max_ttl);
        let idle = self.idle_ttl.unwrap_or(config.idle_ttl.min(max));
        let access = self.access_ttl.unwrap_or(config.access_ttl.min(idle));
        if access > idle || idle > max || max > config.max_ttl {
            return Err(error::TTL);
        }
        Ok(Lifetimes { access: self.access_ttl, idle, max })
    }

    fn into_session(self, lifetimes: Lifetimes, now: u64) -> Session {
        Session {
            issued_at: now,
            rotated_at: now,
            idle_expiry: now.saturating_add(lifetimes.idle * 1000),
            absolute_expiry: now.saturating_add(lifetimes.max * 1000),
            access_ttl: lifetimes.access,
            idle_ttl: self.idle_ttl,
            client: self.client,
            audience: self.audience,
            class: self.class,
            meta: self.meta,
            claims: self.claims,
            ..Session::default()
        }
    }
}

/// `*` is how AUTH.VERIFY skips the check; a session for it could never be asked for.
fn audience(value: &[u8]) -> Result<String, Error> {
    let text = arguments::audience(value)?;
    if text == "*" { Err(error::AUDIENCE) } else { Ok(text.to_owned()) }
}
