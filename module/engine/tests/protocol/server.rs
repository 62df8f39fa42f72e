//! The server: a store with one session, receipts in process memory, and a replica that may lag behind.
//!
//! It decides by [`hallpass_engine::rotation::decide`] alone. What a token's signature proves is taken for granted: a
//! forged one never gets this far.

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
    /// Of what changes; the rest is as it was issued.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let session = &self.0;
        (session.generation, session.issued_at, session.rotated_at, session.idle_expiry).hash(state);
    }
}

/// Why a refresh was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// There is no such session.
    NoSession,
    /// Its time was over.
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
    /// What is stored.
    pub session: Option<Stored>,
    /// The latest generation that an access token was verified of, in process memory.
    pub seen: Option<u64>,
    /// What a replica has that fell behind: a failover makes it the store.
    pub replica: Option<Option<Stored>>,
    /// Only with [`Fault::WritesLater`]: what is still to be written.
    pub unwritten: Option<Stored>,
}

impl Server {
    /// With a session that begins at generation 0.
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

    /// An access token of this generation is verified, and noted if its session is alive.
    pub fn verify(&mut self, generation: u64, now: u64, rules: &Rules) {
        let is_alive =
            self.session.as_ref().is_some_and(|stored| !stored.0.is_over(at(now), rules.policy.not_before));
        if is_alive {
            self.seen = self.seen.max(Some(generation));
        }
    }

    /// Whether an access token of this generation, or of a later one, was verified here.
    pub fn has_seen(&self, generation: u64) -> bool {
        self.seen.is_some_and(|latest| latest >= generation)
    }

    /// The current generation.
    pub fn generation(&self) -> Option<u64> {
        self.session.as_ref().map(|stored| stored.0.generation)
    }

    /// How long ago the current generation began, in ticks.
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

/// When the current generation began.
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

/// The decision, after what is switched off has spoiled it.
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
