//! `AUTH.REVOKE key ALL [EXCEPT sid] | SESSION sid [sid …] | TOKEN token [CLIENT id]` → number of live sessions ended.
//!
//! ALL removes every session field, readable or not, and leaves other fields alone. TOKEN takes either kind of token,
//! of any age, if its signature or MAC is valid and the client fits; anything else counts 0.

use super::call::{Call, Command};
use crate::error::{self, Error};
use crate::event_kind::EventKind;
use crate::events::Event;
use crate::keyring;
use crate::redis::args::Arg;
use crate::redis::spec::{ArgKind, ArgSpec, CommandSpec, KeyAccess, required, text_option, word};
use crate::reply::{CommandResult, Value};
use crate::stats::STATS;
use crate::user_hash::{Field, UserHash};
use hallpass_engine::arguments::{self, Keyword, Options};
use hallpass_engine::keys::Keyring;
use hallpass_engine::login::Login;
use hallpass_engine::{access, keywords, refresh, sid};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The command.
pub struct Revoke;

keywords! {
    enum TargetWord { All = "ALL", Session = "SESSION", Token = "TOKEN" }
}

keywords! {
    enum AllOption { Except = "EXCEPT" }
}

keywords! {
    enum TokenOption { Client = "CLIENT" }
}

const TARGETS: [ArgSpec; 3] = [
    required(c"all", ArgKind::Block(&[word(c"all", c"ALL"), text_option(c"sid", c"EXCEPT")])),
    required(c"sid", ArgKind::Text).behind(c"SESSION").multiple(),
    required(
        c"token",
        ArgKind::Block(&[required(c"token", ArgKind::Text).behind(c"TOKEN"), text_option(c"id", c"CLIENT")]),
    ),
];

/// The sessions that the caller names.
enum Request<'a> {
    All { except: Option<Uuid> },
    Sessions(BTreeSet<Uuid>),
    Token { text: &'a [u8], client: Option<&'a str> },
}

/// The sessions to end, after a token was proven.
enum Target<'a> {
    All { except: Option<Uuid> },
    Sessions(BTreeSet<Uuid>),
    Bound { login: Login, client: Option<&'a str> },
}

/// A revocation whose target is known.
struct RevokeCall<'a> {
    call: &'a Call<'a>,
    hash: UserHash<'a>,
}

impl Command for Revoke {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.revoke",
        summary: c"Ends all, some or one of a user's sessions.",
        flags: c"write no-monitor no-slowlog",
        tips: None,
        complexity: c"O(N) with N being the number of sessions named, or of all of the user's with ALL.",
        arity: -3,
        categories: c"write slow",
        key: KeyAccess::Delete,
        args: &[required(c"target", ArgKind::OneOf(&TARGETS))],
    };

    /// Returns INVALIDTOKEN for TOKEN only, since the other targets take no token.
    fn impossible_subject(args: &[Arg]) -> Error {
        let word = args.first().and_then(|word| TargetWord::read(word));
        if word == Some(TargetWord::Token) { Error::InvalidToken } else { error::KEY }
    }

    fn run(call: &Call<'_>) -> CommandResult {
        let (request, reason) = Request::parse(call.args)?;
        let Some(target) = request.proven(call)? else {
            return Ok(Value::number(0).into());
        };
        let hash = UserHash::write(call.ctx, call.key, call.now)?;
        let ended = RevokeCall { call, hash }.run(target)?;
        if !ended.is_empty() {
            STATS.revoked.add(ended.len() as u64);
            let Call { ctx, key, config, subject, now, .. } = *call;
            let (kind, details) = (EventKind::Revoked, Vec::new());
            Event { kind, subject, sids: &ended, reason, now, details }.publish(ctx, key, config);
        }
        Ok(Value::number(ended.len() as u64).into())
    }
}

impl<'a> Request<'a> {
    /// Returns the request, and its name in an event.
    fn parse(args: &'a [Arg]) -> Result<(Self, &'static str), Error> {
        let (word, rest) = args.split_first().ok_or(error::SYNTAX)?;
        match TargetWord::read(word).ok_or(error::SYNTAX)? {
            TargetWord::All => Ok((Self::All { except: except(rest)? }, "all sessions revoked")),
            TargetWord::Session => Ok((Self::Sessions(sids(rest)?), "session revoked")),
            TargetWord::Token => {
                let (text, options) = rest.split_first().ok_or(error::SYNTAX)?;
                Ok((Self::Token { text, client: client(options)? }, "token revoked"))
            }
        }
    }

    /// Returns the target of the request; `None` for a token that is not this user's.
    fn proven(self, call: &Call<'_>) -> Result<Option<Target<'a>>, Error> {
        Ok(match self {
            Self::All { except } => Some(Target::All { except }),
            Self::Sessions(sids) => Some(Target::Sessions(sids)),
            Self::Token { text, client } => {
                let opened = opened(&keyring::current()?.ring, text, call.now_seconds(), call.database);
                let ours = opened.filter(|(owner, _)| owner == call.subject.as_bytes());
                ours.map(|(_, login)| Target::Bound { login, client })
            }
        })
    }
}

fn except(options: &[Arg]) -> Result<Option<Uuid>, Error> {
    let mut options = Options::new(options);
    let mut except = None;
    while let Some(option) = options.next_name()? {
        match option {
            // A misspelt exception must not end the session that the caller wanted to keep.
            AllOption::Except => {
                except = Some(Uuid::try_parse_ascii(options.value()?).map_err(|_| error::EXCEPT)?);
            }
        }
    }
    Ok(except)
}

fn client(options: &[Arg]) -> Result<Option<&str>, Error> {
    let mut options = Options::new(options);
    let mut client = None;
    while let Some(option) = options.next_name()? {
        match option {
            TokenOption::Client => client = Some(arguments::name(options.value()?)?),
        }
    }
    Ok(client)
}

/// Parses session ids. A text that is not one names no session, as with HDEL, and never another field of the hash.
fn sids(args: &[Arg]) -> Result<BTreeSet<Uuid>, Error> {
    if args.is_empty() {
        return Err(error::SYNTAX);
    }
    Ok(args.iter().filter_map(|arg| sid::parse(arg)).collect())
}

impl RevokeCall<'_> {
    /// Ends the sessions, closes the hash, and returns the live ones.
    fn run(mut self, target: Target<'_>) -> Result<Vec<Uuid>, Error> {
        match target {
            Target::All { except } => self.all(except),
            Target::Sessions(sids) => self.sessions(sids.into_iter().collect()),
            Target::Bound { login, client } => self.bound(&login, client),
        }
    }

    fn all(&mut self, except: Option<Uuid>) -> Result<Vec<Uuid>, Error> {
        let scan = self.hash.scan_all(&self.call.filter(None));
        let goes = |sid: &Uuid| except != Some(*sid);
        let present: Vec<_> = scan.sids().collect();
        if scan.is_foreign || !present.iter().all(goes) {
            self.hash.remove(&present.into_iter().filter(goes).collect::<Vec<_>>())?;
        } else if !present.is_empty() {
            self.hash.unlink()?;
        }
        Ok(scan.live().filter(goes).collect())
    }

    /// Ends these sessions, readable or not, and returns the live ones.
    fn sessions(&mut self, sids: Vec<Uuid>) -> Result<Vec<Uuid>, Error> {
        let (now, not_before) = (self.call.now, self.call.policy.not_before);
        let is_live = |sid: &Uuid| self.hash.view(&Field::of(sid), |view| !view.is_over(now, not_before));
        let live = sids.iter().copied().filter(|sid| is_live(sid) == Some(true)).collect();
        self.hash.remove(&sids)?;
        Ok(live)
    }

    /// Ends a token's session, unless it is of another login or bound to another client.
    fn bound(&mut self, login: &Login, client: Option<&str>) -> Result<Vec<Uuid>, Error> {
        let session = self.hash.session(&Field::of(&login.sid));
        if session.is_some_and(|session| !session.is_of(login) || !session.answers_to(client)) {
            return Ok(Vec::new());
        }
        self.sessions(vec![login.sid])
    }
}

/// Returns subject and login of an authentic token of either kind that belongs to this database.
fn opened(ring: &Keyring, text: &[u8], now: u64, database: u32) -> Option<(Vec<u8>, Login)> {
    let refresh = refresh::open(ring, text, now, database);
    refresh.map(|token| (token.subject.into_bytes(), token.login)).ok().or_else(|| {
        let token = access::authenticate(ring, text, now).ok().filter(|token| token.database == database)?;
        Some((token.sub().to_vec(), token.login))
    })
}
