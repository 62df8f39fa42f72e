//! The server: a store with one session, receipts in process memory, and a replica that may lag behind.
//!
//! It decides only by [`hallpass_engine::rotation::decide`]. Every token is authentic: a forged one never gets this
//! far.

use crate::rules::{Fault, Rules, TICK};
use hallpass_engine::login::Login;
use hallpass_engine::record::Session;
use hallpass_engine::rotation::{Decision, Policy, decide};
use std::hash::{Hash, Hasher};
use uuid::Uuid;

/// Time zero, in Unix ms.
const EPOCH: u64 = 1_760_000_000_000;

/// A session as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored(pub Session);

impl Hash for Stored {
    /// Hashes only what changes; the rest stays as issued.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let session = &self.0;
        (session.generation, session.issued_at, session.rotated_at, session.idle_expiry).hash(state);
    }
}

/// The reason for which a refresh was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// There is no such session.
    NoSession,
    /// It had expired.
    Expired,
    /// Its token was used again.
    Reused,
}

/// What a refresh token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    /// When its session was issued, in ms after time zero.
    pub login: u64,
    /// Its generation.
    pub generation: u64,
}

impl Token {
    fn login(self) -> Login {
        Login { sid: Uuid::nil(), issued_at: EPOCH + self.login }
    }
}

/// The answer to a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Tokens: a pure function of these two.
    Tokens {
        /// The refresh token.
        token: Token,
        /// When its generation began, in ticks.
        rotated_at: u64,
    },
    /// No tokens.
    Refused(Refusal),
}

/// The server's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    /// The stored session.
    pub session: Option<Stored>,
    /// The latest generation whose access token was verified, in process memory.
    pub seen: Option<Token>,
    /// When this session id was last issued, in process memory.
    pub issued: u64,
    /// The store of a replica that fell behind: a failover makes it the store.
    pub replica: Option<Option<Stored>>,
    /// Only with [`Fault::WritesLater`]: the pending write.
    pub unwritten: Option<Stored>,
}

impl Server {
    /// Creates a server with a session at generation 0.
    pub fn new(rules: &Rules) -> Self {
        Self { session: Some(issue(at(0), 0, rules)), seen: None, issued: 0, replica: None, unwritten: None }
    }

    /// Answers a refresh.
    pub fn refresh(&mut self, token: Token, now: u64, rules: &Rules) -> Answer {
        let stored = self.session.as_ref().map(|stored| &stored.0);
        let fits = |session: &&Session| session.is_of(&token.login()) || rules.fault == Fault::AnyLogin;
        let before = stored.filter(fits);
        let has_seen = before.is_some_and(|session| self.has_seen(session.generation));
        let seen = has_seen && rules.fault != Fault::ReceiptsAreIgnored;
        let decision = decide(before, token.generation, at(now), &policy(rules), seen);
        match broken(decision, before, token.generation, now, rules) {
            Decision::Rotate { next, .. } | Decision::Renew { next, .. } => self.store(next, rules.fault),
            Decision::Retry { .. } => self.session.as_ref().map_or(NO_SESSION, tokens),
            Decision::NoSession => NO_SESSION,
            Decision::Expired => self.end(Refusal::Expired),
            Decision::Reuse { .. } => self.end(Refusal::Reused),
        }
    }

    /// Verifies the access token that came with a refresh token, and remembers it if its session is alive.
    pub fn verify(&mut self, token: Token, now: u64, rules: &Rules) {
        let session = self.session.as_ref().map(|stored| &stored.0);
        let is_alive = session.is_some_and(|session| {
            session.is_of(&token.login()) && !session.is_over(at(now), rules.policy.not_before)
        });
        if is_alive {
            self.seen = self.seen.max(Some(token));
        }
    }

    /// Returns whether an access token of this generation of the stored session, or of a later one, was verified here.
    pub fn has_seen(&self, generation: u64) -> bool {
        let login = self.session.as_ref().map(|stored| token(stored).login);
        self.seen.is_some_and(|latest| Some(latest.login) == login && latest.generation >= generation)
    }

    /// Returns whether the current generation is the one behind a token's, of the same login.
    pub fn is_just_ahead_of(&self, old: Token) -> bool {
        let next = Token { generation: old.generation + 1, ..old };
        self.session.as_ref().is_some_and(|stored| token(stored) == next)
    }

    /// Returns how many generations a token is behind the stored session; none if it is ahead of it.
    pub fn distance(&self, token: Token) -> u64 {
        self.generation().map_or(0, |current| current.saturating_sub(token.generation))
    }

    /// Returns the current generation.
    pub fn generation(&self) -> Option<u64> {
        self.session.as_ref().map(|stored| stored.0.generation)
    }

    /// Returns the age of the current generation, in ticks.
    pub fn age(&self, now: u64) -> u64 {
        self.session.as_ref().map_or(0, |stored| now - tick(&stored.0))
    }

    /// Logs the user out.
    pub fn revoke(&mut self) {
        self.session = None;
    }

    /// Logs the user in with the same session id: later than at the last time, also within one millisecond.
    pub fn reissue(&mut self, now: u64, rules: &Rules) -> Token {
        self.issued = (self.issued + 1).max(now * TICK);
        let session = issue(EPOCH + self.issued, now, rules);
        let first = token(&session);
        self.session = Some(session);
        first
    }

    fn store(&mut self, next: Session, fault: Fault) -> Answer {
        let next = Stored(next);
        let answer = tokens(&next);
        match fault {
            Fault::WritesLater => self.unwritten = Some(next),
            _ => self.session = Some(next),
        }
        answer
    }

    fn end(&mut self, refusal: Refusal) -> Answer {
        self.session = None;
        Answer::Refused(refusal)
    }
}

const NO_SESSION: Answer = Answer::Refused(Refusal::NoSession);

fn at(tick: u64) -> u64 {
    EPOCH + tick * TICK
}

/// Returns the start of the current generation.
fn tick(session: &Session) -> u64 {
    (session.rotated_at - EPOCH) / TICK
}

fn issue(issued_at: u64, now: u64, rules: &Rules) -> Stored {
    let absolute_expiry = rules.lifetime.map_or(u64::MAX, |end| at(now + end));
    let idle_expiry = at(now) + rules.policy.idle_ttl * 1000;
    Stored(Session {
        issued_at,
        rotated_at: at(now),
        idle_expiry: idle_expiry.min(absolute_expiry),
        absolute_expiry,
        ..Session::default()
    })
}

/// Returns the token of the stored generation.
fn token(stored: &Stored) -> Token {
    Token { login: stored.0.issued_at - EPOCH, generation: stored.0.generation }
}

fn tokens(stored: &Stored) -> Answer {
    Answer::Tokens { token: token(stored), rotated_at: tick(&stored.0) }
}

/// Returns the settings without the mechanisms that are switched off.
fn policy(rules: &Rules) -> Policy {
    match rules.fault {
        // Then no access token is ever young.
        Fault::YoungTokensRotate => Policy { access_ttl: 0, ..rules.policy },
        _ => rules.policy,
    }
}

/// Returns the decision, changed by the mechanism that is switched off.
fn broken(decision: Decision, before: Option<&Session>, token: u64, now: u64, rules: &Rules) -> Decision {
    match (rules.fault, decision, before) {
        (Fault::RetryMintsAgain, Decision::Retry { .. }, Some(session)) => {
            decide(before, session.generation, at(now), &rules.policy, false)
        }
        (Fault::ReuseIsForgiven, Decision::Reuse { age, .. }, _) => Decision::Retry { age, is_shared: false },
        (Fault::NoRenewals, Decision::Renew { age, .. }, Some(session)) => {
            Decision::Reuse { age, distance: session.generation - token, seen: true }
        }
        (Fault::RenewalsDoNotExtend, Decision::Renew { age, .. }, _) => {
            Decision::Retry { age, is_shared: true }
        }
        (Fault::RefreshInserts, Decision::NoSession, _) => {
            let missing = Session { generation: token, ..issue(at(now), now, rules).0 };
            decide(Some(&missing), token, at(now), &rules.policy, false)
        }
        (_, decision, _) => decision,
    }
}
