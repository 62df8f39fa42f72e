//! A second, naive implementation of the rotation rules: it remembers every token of a session, with the time at which
//! each began, and finds the answer in that list. Times are signed, windows are checked by comparing dates, and nothing
//! is shared with the engine.

use hallpass_engine::rotation::{Decision, Policy};

/// The decision of the rules, without the next state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    NoSession,
    Expired,
    Rotated { recovered: usize },
    Retried { age: i128, is_shared: bool },
    Renewed { age: i128 },
    Reused { age: i128, distance: usize, seen: bool },
}

impl From<&Decision> for Outcome {
    fn from(decision: &Decision) -> Self {
        let size = |number: u64| usize::try_from(number).expect("small");
        match *decision {
            Decision::NoSession => Self::NoSession,
            Decision::Expired => Self::Expired,
            Decision::Rotate { recovered, .. } => Self::Rotated { recovered: size(recovered) },
            Decision::Retry { age, is_shared } => Self::Retried { age: age.into(), is_shared },
            Decision::Renew { age, .. } => Self::Renewed { age: age.into() },
            Decision::Reuse { age, distance, seen } => {
                Self::Reused { age: age.into(), distance: size(distance), seen }
            }
        }
    }
}

/// A session with all its past.
#[derive(Clone, Debug)]
pub struct Login {
    pub began: i128,
    pub idle_end: i128,
    pub end: i128,
    pub own_idle_ttl: Option<i128>,
    pub own_shared: Option<i128>,
    /// One entry for each token handed out, oldest first: when it became the current one. The last one is current.
    pub tokens: Vec<i128>,
}

/// All sessions of the world: `None` once a session has ended.
pub type Logins = Vec<Option<Login>>;

/// Answers the `token`-th token of a session, and updates the session.
pub fn answer(login: &mut Option<Login>, token: usize, now: i128, policy: &Policy, seen: bool) -> Outcome {
    let Some(known) = login else {
        return Outcome::NoSession;
    };
    let is_alive = now < known.idle_end && now < known.end && known.began >= i128::from(policy.not_before);
    if !is_alive {
        *login = None;
        return Outcome::Expired;
    }
    let current = known.tokens.len() - 1;
    let rotation = known.tokens[current];
    let age = if now < rotation { 0 } else { now - rotation };
    let within = |window: u64| window != 0 && age < i128::from(window);
    let idle_end = (now + known.own_idle_ttl.unwrap_or(i128::from(policy.idle_ttl)) * 1000).min(known.end);
    let shared = known.own_shared.unwrap_or(i128::from(policy.shared));
    let behind = current as i128 - token as i128;
    let is_held = shared > 0 && (0..=shared).contains(&behind);
    let access_ttl = i128::from(policy.access_ttl).min(known.own_idle_ttl.unwrap_or(policy.idle_ttl.into()));
    if is_held && age < access_ttl * 500 {
        return Outcome::Retried { age, is_shared: token != current };
    }
    if token > current && policy.recovery {
        // The store forgot these; their times do not matter.
        known.tokens.resize(token + 1, now);
    }
    if token + 1 == known.tokens.len() {
        known.tokens.push(now);
        known.idle_end = idle_end;
        return Outcome::Rotated { recovered: token - current };
    }
    if token + 1 == current {
        if within(policy.race_window) {
            return Outcome::Retried { age, is_shared: false };
        }
        if within(policy.retry_window) && !seen {
            return Outcome::Retried { age, is_shared: false };
        }
    }
    if is_held && token < current {
        known.tokens[current] = now;
        known.idle_end = idle_end;
        return Outcome::Renewed { age };
    }
    *login = None;
    Outcome::Reused { age, distance: token.abs_diff(current), seen }
}
