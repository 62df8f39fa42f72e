//! The server: a store with one session, receipts in process memory, and a replica that may lag behind.
//!
//! It decides only by [`hallpass_engine::rotation::decide`]. Every token is authentic: a forged one never gets this
//! far.

use crate::rules::{Fault, Rules, TICK};
use hallpass_engine::record::Session;
use hallpass_engine::rotation::{Decision, decide};
use std::hash::{Hash, Hasher};

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

/// The answer to a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Tokens: a pure function of these two.
    Tokens {
        /// The session's generation.
        generation: u64,
        /// When it began, in ticks.
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
    pub seen: Option<u64>,
    /// The store of a replica that fell behind: a failover makes it the store.
    pub replica: Option<Option<Stored>>,
    /// Only with [`Fault::WritesLater`]: the pending write.
    pub unwritten: Option<Stored>,
}

impl Server {
    /// Creates a server with a session at generation 0.
    pub fn new(rules: &Rules) -> Self {
        Self { session: Some(issue(0, rules)), seen: None, replica: None, unwritten: None }
    }

    /// Answers a refresh.
    pub fn refresh(&mut self, token: u64, now: u64, rules: &Rules) -> Answer {
        let before = self.session.as_ref().map(|stored| &stored.0);
        let has_seen = before.is_some_and(|session| self.has_seen(session.generation));
        let seen = has_seen && rules.fault != Fault::ReceiptsAreIgnored;
        let decision = decide(before, token, at(now), &rules.policy, seen);
        match broken(decision, before, token, now, rules) {
            Decision::Rotate { next, .. } => self.rotate(next, rules.fault),
            Decision::Retry { .. } => self.session.as_ref().map_or(NO_SESSION, tokens),
            Decision::NoSession => NO_SESSION,
            Decision::Expired => self.end(Refusal::Expired),
            Decision::Reuse { .. } => self.end(Refusal::Reused),
        }
    }

    /// Verifies an access token of this generation, and remembers it if its session is alive.
    pub fn verify(&mut self, generation: u64, now: u64, rules: &Rules) {
        let is_alive =
            self.session.as_ref().is_some_and(|stored| !stored.0.is_over(at(now), rules.policy.not_before));
        if is_alive {
            self.seen = self.seen.max(Some(generation));
        }
    }

    /// Returns whether an access token of this generation, or of a later one, was verified here.
    pub fn has_seen(&self, generation: u64) -> bool {
        self.seen.is_some_and(|latest| latest >= generation)
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

    /// Logs the user in with the same session id.
    pub fn reissue(&mut self, now: u64, rules: &Rules) {
        self.session = Some(issue(now, rules));
    }

    fn rotate(&mut self, next: Session, fault: Fault) -> Answer {
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

fn issue(now: u64, rules: &Rules) -> Stored {
    Stored(Session {
        issued_at: at(now),
        rotated_at: at(now),
        idle_expiry: at(now) + rules.policy.idle_ttl * 1000,
        absolute_expiry: u64::MAX,
        ..Session::default()
    })
}

fn tokens(stored: &Stored) -> Answer {
    Answer::Tokens { generation: stored.0.generation, rotated_at: tick(&stored.0) }
}

/// Returns the decision, changed by the mechanism that is switched off.
fn broken(decision: Decision, before: Option<&Session>, token: u64, now: u64, rules: &Rules) -> Decision {
    match (rules.fault, decision, before) {
        (Fault::RetryMintsAgain, Decision::Retry { .. }, Some(session)) => {
            decide(before, session.generation, at(now), &rules.policy, false)
        }
        (Fault::ReuseIsForgiven, Decision::Reuse { age, .. }, _) => Decision::Retry { age },
        (Fault::RefreshInserts, Decision::NoSession, _) => {
            let missing = Session { generation: token, ..issue(now, rules).0 };
            decide(Some(&missing), token, at(now), &rules.policy, false)
        }
        (_, decision, _) => decision,
    }
}
