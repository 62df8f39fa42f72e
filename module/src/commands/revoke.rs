//! `AUTH.REVOKE key ALL [EXCEPT sid] | SESSION sid [sid …] | TOKEN token [CLIENT id]` → number of live sessions ended.
//!
//! ALL removes every session field, readable or not, and leaves other fields alone. TOKEN takes either kind of token, of any
//! age, if its signature or MAC is right and the client fits; anything else counts 0.

use super::{Outcome, complete};
use crate::args;
use crate::config::Config;
use crate::error::{self, Error};
use crate::events::Event;
use crate::ffi::Arg;
use crate::info::{STATS, unix_ms};
use crate::keyring;
use crate::reply::Reply;
use crate::store::{Field, UserHash};
use crate::survey::Lens;
use hallpass_engine::arguments::{self, Options, is_word};
use hallpass_engine::keys::Keyring;
use hallpass_engine::{access, refresh, sid};
use redis_module::Context;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Which sessions are to end, as the caller says it.
enum Request<'a> {
    All { except: Option<Uuid> },
    Sessions(BTreeSet<Uuid>),
    Token { text: &'a [u8], client: Option<&'a str> },
}

/// Which sessions are to end, once a token is proven.
enum Target<'a> {
    All { except: Option<Uuid> },
    Sessions(BTreeSet<Uuid>),
    Bound { sid: Uuid, client: Option<&'a str> },
}

/// One revocation on its way.
struct Revoking<'a> {
    hash: UserHash<'a>,
    config: &'a Config,
    now: u64,
}

/// Runs the command.
pub fn run(ctx: &Context, args: &[Arg]) -> Outcome {
    let [_, key, target @ ..] = args else {
        return Err(error::SYNTAX);
    };
    let config = Config::current();
    let subject = args::subject(&config.pattern, key)?;
    let (request, reason) = Request::parse(target)?;
    let now = unix_ms();
    let Some(target) = request.proven(subject, now / 1000)? else {
        return complete(Reply::number(0));
    };
    let mut revoking = Revoking { hash: UserHash::write(ctx, key, now)?, config: &config, now };
    let ended = match target {
        Target::All { except } => revoking.all(except)?,
        Target::Sessions(sids) => revoking.sessions(sids.into_iter().collect())?,
        Target::Bound { sid, client } => revoking.bound(sid, client)?,
    };
    drop(revoking);
    if !ended.is_empty() {
        STATS.revoked.add(ended.len() as u64);
        Event { name: "revoked", subject, sids: &ended, reason, now, details: Vec::new() }.publish(ctx, key);
    }
    complete(Reply::number(ended.len() as u64))
}

impl<'a> Request<'a> {
    /// The target, and how an event names it.
    fn parse(args: &'a [Arg]) -> Result<(Self, &'static str), Error> {
        let (word, rest) = args.split_first().ok_or(error::SYNTAX)?;
        if is_word(word, "ALL") {
            Ok((Self::All { except: except(rest)? }, "all sessions revoked"))
        } else if is_word(word, "SESSION") {
            Ok((Self::Sessions(sids(rest)?), "session revoked"))
        } else if is_word(word, "TOKEN") {
            let (text, options) = rest.split_first().ok_or(error::SYNTAX)?;
            Ok((Self::Token { text, client: client(options)? }, "token revoked"))
        } else {
            Err(error::SYNTAX)
        }
    }

    /// What the request comes down to; `None` for a token that is not this subject's. `now` in Unix seconds.
    fn proven(self, subject: &str, now: u64) -> Result<Option<Target<'a>>, Error> {
        Ok(match self {
            Self::All { except } => Some(Target::All { except }),
            Self::Sessions(sids) => Some(Target::Sessions(sids)),
            Self::Token { text, client } => {
                let loaded = keyring::current().ok_or(Error::NoKey)?;
                let opened = opened(&loaded.ring, text, now);
                let ours = opened.filter(|(owner, _)| owner == subject.as_bytes());
                ours.map(|(_, sid)| Target::Bound { sid, client })
            }
        })
    }
}

fn except(options: &[Arg]) -> Result<Option<Uuid>, Error> {
    let mut options = Options::new(options, &["EXCEPT"]);
    let mut except = None;
    while options.next_name()?.is_some() {
        // A misspelt exception must not end the session that was to be kept.
        except = Some(Uuid::try_parse_ascii(options.value()?).map_err(|_| error::EXCEPT)?);
    }
    Ok(except)
}

fn client(options: &[Arg]) -> Result<Option<&str>, Error> {
    let mut options = Options::new(options, &["CLIENT"]);
    let mut client = None;
    while options.next_name()?.is_some() {
        client = Some(arguments::name(options.value()?)?);
    }
    Ok(client)
}

/// What is no session id names no session, as with HDEL, and never another field of the hash.
fn sids(args: &[Arg]) -> Result<BTreeSet<Uuid>, Error> {
    if args.is_empty() {
        return Err(error::SYNTAX);
    }
    Ok(args.iter().filter_map(|arg| sid::parse(arg)).collect())
}

impl Revoking<'_> {
    /// Ends all sessions but one, and returns those that were alive.
    fn all(&mut self, except: Option<Uuid>) -> Result<Vec<Uuid>, Error> {
        let survey = self.hash.everything(&Lens { not_before: self.not_before(), class: None });
        let stays = |sid: &Uuid| except == Some(*sid);
        let readable = survey.sessions.iter().map(|session| session.sid);
        let present: Vec<_> = readable.chain(survey.unreadable.iter().copied()).collect();
        if survey.is_foreign || present.iter().any(stays) {
            let goes: Vec<_> = present.into_iter().filter(|sid| !stays(sid)).collect();
            self.hash.remove(&goes)?;
        } else if !present.is_empty() {
            self.hash.unlink()?;
        }
        let ended = survey.sessions.into_iter().filter(|session| !session.is_over && !stays(&session.sid));
        Ok(ended.map(|session| session.sid).collect())
    }

    /// Ends these sessions, readable or not, and returns those that were alive.
    fn sessions(&mut self, sids: Vec<Uuid>) -> Result<Vec<Uuid>, Error> {
        let (now, not_before) = (self.now, self.not_before());
        let is_live =
            |sid: &Uuid| self.hash.glance(&Field::of(sid), |session| !session.is_over(now, not_before));
        let live = sids.iter().copied().filter(|sid| is_live(sid) == Some(true)).collect();
        self.hash.remove(&sids)?;
        Ok(live)
    }

    /// Ends a session, unless it is bound to another client.
    fn bound(&mut self, sid: Uuid, client: Option<&str>) -> Result<Vec<Uuid>, Error> {
        let bound = self.hash.session(&Field::of(&sid)).and_then(|session| session.client);
        if bound.is_some_and(|bound| client != Some(bound.as_str())) {
            return Ok(Vec::new());
        }
        self.sessions(vec![sid])
    }

    fn not_before(&self) -> u64 {
        self.config.not_before.saturating_mul(1000)
    }
}

/// Subject and session of an authentic token of either kind.
fn opened(ring: &Keyring, text: &[u8], now: u64) -> Option<(Vec<u8>, Uuid)> {
    let refresh = refresh::open(ring, text, now).map(|token| (token.subject.into_bytes(), token.sid)).ok();
    refresh.or_else(|| {
        let token = access::authenticate(ring, text, now).ok()?;
        Some((token.sub().to_vec(), token.sid))
    })
}
