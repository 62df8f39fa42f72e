//! AUTH.INSPECT's view of a refresh token: how AUTH.REFRESH would answer it, without rotating.

use crate::record::Session;
use crate::rotation::{self, Decision, Policy};

/// The state of an authentic refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It would be exchanged.
    Current,
    /// It would get the answer of the previous exchange.
    Retry,
    /// It is older than the current one, but would be answered because the session is shared.
    Shared,
    /// It would end its session.
    Reused,
    /// It is ahead of the store, which has rolled back. It would be exchanged, unless recovery is off.
    Ahead,
    /// Its session does not exist.
    Gone,
    /// Its session has ended.
    Expired,
}

impl State {
    /// Returns its name in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Retry => "retry",
            Self::Shared => "shared",
            Self::Reused => "reused",
            Self::Ahead => "ahead",
            Self::Gone => "gone",
            Self::Expired => "expired",
        }
    }

    /// Returns whether a token in this state proves that the answer with it has arrived.
    pub fn proves_receipt(self) -> bool {
        self == Self::Current
    }
}

/// Returns the state of a token of `generation`, and whether AUTH.REFRESH would answer it with tokens. The arguments
/// are those of [`rotation::decide`].
pub fn inspect(
    session: Option<&Session>,
    generation: u64,
    now: u64,
    policy: &Policy,
    seen: bool,
) -> (State, bool) {
    let is = |matches: fn(&u64, &u64) -> bool| {
        session.is_some_and(|session| matches(&generation, &session.generation))
    };
    let (is_ahead, is_current) = (is(u64::gt), is(u64::eq));
    match rotation::decide(session, generation, now, policy, seen) {
        Decision::NoSession => (State::Gone, false),
        Decision::Expired => (State::Expired, false),
        Decision::Rotate { .. } if is_ahead => (State::Ahead, true),
        Decision::Rotate { .. } => (State::Current, true),
        Decision::Retry { .. } if is_current => (State::Current, true),
        Decision::Retry { is_shared: false, .. } => (State::Retry, true),
        Decision::Retry { is_shared: true, .. } | Decision::Renew { .. } => (State::Shared, true),
        Decision::Reuse { .. } if is_ahead => (State::Ahead, false),
        Decision::Reuse { .. } => (State::Reused, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        race_window: 10,
        retry_window: 100,
        access_ttl: 1,
        idle_ttl: 1,
        shared: 0,
        recovery: true,
        not_before: 0,
    };

    fn at(generation: u64, now: u64, policy: &Policy) -> (State, bool) {
        let session =
            Session { generation: 3, idle_expiry: 1_000, absolute_expiry: 1_000, ..Session::default() };
        inspect(Some(&session), generation, now, policy, false)
    }

    #[test]
    fn each_state_has_its_name_and_only_tokens_that_would_be_answered_are_active() {
        let strict = Policy { recovery: false, ..POLICY };
        assert_eq!(at(3, 0, &POLICY), (State::Current, true));
        assert_eq!(at(2, 99, &POLICY), (State::Retry, true));
        assert_eq!(at(2, 100, &POLICY), (State::Reused, false));
        assert_eq!(at(4, 0, &POLICY), (State::Ahead, true));
        assert_eq!(at(4, 0, &strict), (State::Ahead, false));
        assert_eq!(at(3, 1_000, &POLICY), (State::Expired, false));
        assert_eq!(inspect(None, 3, 0, &POLICY, false), (State::Gone, false));
        assert_eq!(State::Gone.name(), "gone");
    }

    #[test]
    fn the_current_token_of_a_shared_session_is_current_and_older_ones_are_shared() {
        let shared = Policy { shared: 2, ..POLICY };
        for now in [0, 499, 500, 999] {
            assert_eq!(at(3, now, &shared), (State::Current, true), "{now}");
            assert_eq!(at(1, now, &shared), (State::Shared, true), "{now}");
            assert_eq!(at(0, now, &shared), (State::Reused, false), "{now}");
        }
        assert_eq!([0, 499, 500].map(|now| at(2, now, &shared).0), [State::Shared; 3]);
        let quick = Policy { access_ttl: 0, ..shared };
        assert_eq!(at(2, 0, &quick), (State::Retry, true), "inside a window");
    }

    #[test]
    fn only_the_current_token_proves_receipt() {
        let all = [State::Current, State::Retry, State::Shared, State::Reused, State::Ahead, State::Gone];
        assert_eq!(all.map(State::proves_receipt), [true, false, false, false, false, false]);
    }
}
