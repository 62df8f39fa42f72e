//! The rotation rules: what a presented, authentic refresh token means for its session.
//!
//! One pure function from the stored session, the token's generation, the time and the policy to a [`Decision`].
//! Checks that need no session (form, key, MAC, subject) come before it; writing and signing come after it.

use crate::record::Session;
use crate::time::ms;

/// The largest number of generations that a token of a shared session may be behind.
pub const MAX_SHARED: u64 = 1_000;

/// The settings of the rules. Windows are in milliseconds; 0 switches one off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The time in which the previous token gets the same answer in any case: for tabs that race.
    pub race_window: u64,
    /// The time in which it gets the same answer unless its successor is known to have arrived: for lost responses.
    pub retry_window: u64,
    /// Lifetime of access tokens, in seconds, of sessions without one of their own.
    pub access_ttl: u64,
    /// Idle lifetime, in seconds, of sessions without one of their own.
    pub idle_ttl: u64,
    /// The most generations that a token may be behind and still be answered, for sessions without their own number; 0
    /// is strict.
    pub shared: u64,
    /// Whether a token ahead of the store is accepted, as proof that the store rolled back.
    pub recovery: bool,
    /// Sessions issued before this time (Unix ms) have ended.
    pub not_before: u64,
}

/// What to do with a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// No such session.
    NoSession,
    /// It has expired: remove it.
    Expired,
    /// Store this next state of the session and answer with its tokens.
    Rotate {
        /// The session at its new generation.
        next: Session,
        /// The generations that the store lost when it rolled back; else 0.
        recovered: u64,
    },
    /// Answer with the tokens of the session as it is, and change nothing: the same exchange asked again, or another
    /// holder of a shared session, so soon that the current access token is still young.
    Retry {
        /// The time since the rotation, in ms.
        age: u64,
        /// Whether it is an older token of a shared session.
        is_shared: bool,
    },
    /// An older token of a shared session: store this next state, of the same generation but begun anew, and answer
    /// with its tokens.
    Renew {
        /// The session with its new times.
        next: Session,
        /// The time since the rotation, in ms.
        age: u64,
    },
    /// An older token came back and no retry explains it: remove the session.
    Reuse {
        /// Time since the current generation began, in ms.
        age: u64,
        /// Generations between the session and the token.
        distance: u64,
        /// Whether the current generation's access token was verified here.
        seen: bool,
    },
}

/// Decides about a token of `generation` presented at `now` (Unix ms). `seen` is whether an access token of the
/// session's current generation was verified here: the proof of receipt of the last answer.
pub fn decide(session: Option<&Session>, generation: u64, now: u64, policy: &Policy, seen: bool) -> Decision {
    let Some(session) = session else {
        return Decision::NoSession;
    };
    if session.is_over(now, policy.not_before) {
        return Decision::Expired;
    }
    let age = age(session, now);
    let shared = session.shared.unwrap_or(policy.shared);
    let is_young = shared > 0 && age < youth(session, policy);
    let is_retry = age < policy.race_window || (age < policy.retry_window && !seen);
    let next = |generation: u64| begin(session, generation, now, policy.idle_ttl);
    match session.generation.checked_sub(generation) {
        Some(behind) if is_young && behind <= shared => Decision::Retry { age, is_shared: behind > 0 },
        Some(0) => Decision::Rotate { next: next(generation.saturating_add(1)), recovered: 0 },
        Some(1) if is_retry => Decision::Retry { age, is_shared: false },
        Some(behind) if behind <= shared => Decision::Renew { next: next(session.generation), age },
        None if policy.recovery => Decision::Rotate {
            next: next(generation.saturating_add(1)),
            recovered: generation - session.generation,
        },
        Some(_) | None => Decision::Reuse { age, distance: generation.abs_diff(session.generation), seen },
    }
}

/// Returns whether a login with this session's id repeats the one that began it, and so gets the same answer: the
/// session was never refreshed, and the response may have been lost.
pub fn is_repeated_login(session: &Session, now: u64, policy: &Policy) -> bool {
    session.generation == 0
        && age(session, now) < policy.retry_window
        && !session.is_over(now, policy.not_before)
}

/// Returns the age of the current generation, in ms; 0 if the clock went back.
fn age(session: &Session, now: u64) -> u64 {
    now.saturating_sub(session.rotated_at)
}

/// Returns for how long, in ms, every holder of a shared session gets the same answer: half the lifetime of an access
/// token, or of the session's idle time if that is shorter. So a generation lasts at least that long, however many
/// holders there are, and whoever comes in the second half of the idle time extends it.
fn youth(session: &Session, policy: &Policy) -> u64 {
    let access_ttl = session.access_ttl.unwrap_or(policy.access_ttl);
    let idle_ttl = session.idle_ttl.unwrap_or(policy.idle_ttl);
    ms(access_ttl.min(idle_ttl)) / 2
}

/// Returns the session at `generation`, which begins at `now` even if the clock went back: keys are chosen by this
/// time.
fn begin(session: &Session, generation: u64, now: u64, default_idle_ttl: u64) -> Session {
    let idle_ms = ms(session.idle_ttl.unwrap_or(default_idle_ttl));
    Session {
        generation,
        rotated_at: now,
        idle_expiry: now.saturating_add(idle_ms).min(session.absolute_expiry),
        ..session.clone()
    }
}
