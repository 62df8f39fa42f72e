//! Limits on a user's sessions, and the sessions that make room for a new one.

use crate::scan::{Scan, SessionSummary};
use std::fmt;
use uuid::Uuid;

/// The most expired sessions that one login removes.
const MAX_PRUNED: usize = 64;

/// The limits that a login must respect. The new session counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most sessions in total; 0 for no limit.
    pub total_limit: u64,
    /// The most sessions of the class that the scan counted, if there is such a limit.
    pub class_limit: Option<u64>,
    /// Whether a reached limit refuses the login, instead of ending the oldest sessions.
    pub rejects: bool,
}

/// The sessions that a login removes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Live sessions over a limit, those refreshed least recently first.
    pub evicted: Vec<Uuid>,
    /// Expired sessions.
    pub pruned: Vec<Uuid>,
}

/// The reason for which there is no room for a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomError {
    /// The hash holds fields that are not sessions.
    Foreign,
    /// A limit is reached, and the login asked for REJECT.
    LimitReached,
}

impl Limits {
    /// Returns whether a limit may apply to a hash of this many fields, so that all of it must be scanned.
    pub fn may_bind(&self, fields: usize) -> bool {
        self.class_limit.is_some() || (self.total_limit > 0 && fields as u64 >= self.total_limit)
    }

    /// Makes room for one more session.
    ///
    /// # Errors
    /// [`RoomError`].
    pub fn make_room(&self, scan: Scan) -> Result<Room, RoomError> {
        if scan.is_foreign {
            return Err(RoomError::Foreign);
        }
        let (over, live): (Vec<_>, Vec<_>) = scan.sessions.into_iter().partition(|session| session.is_over);
        let evicted = self.evictable(live);
        if self.rejects && !evicted.is_empty() {
            return Err(RoomError::LimitReached);
        }
        let pruned = over.into_iter().map(|session| session.sid).take(MAX_PRUNED).collect();
        Ok(Room { evicted, pruned })
    }

    /// Returns the sessions refreshed least recently, as many as both limits need, oldest first.
    fn evictable(&self, live: Vec<SessionSummary>) -> Vec<Uuid> {
        let (counted, others): (Vec<_>, Vec<_>) = live.into_iter().partition(|session| session.in_class);
        let over_class = self.class_limit.map_or(0, |limit| surplus(counted.len(), limit));
        let (mut evicted, mut rest) = oldest(counted, over_class);
        rest.extend(others);
        let over_total = if self.total_limit == 0 { 0 } else { surplus(rest.len(), self.total_limit) };
        evicted.extend(oldest(rest, over_total).0);
        evicted.sort_unstable_by_key(age_order);
        evicted.into_iter().map(|session| session.sid).collect()
    }
}

/// Splits off the `count` sessions refreshed least recently.
fn oldest(mut sessions: Vec<SessionSummary>, count: usize) -> (Vec<SessionSummary>, Vec<SessionSummary>) {
    if count > 0 && count < sessions.len() {
        sessions.select_nth_unstable_by_key(count, age_order);
    }
    let rest = sessions.split_off(count.min(sessions.len()));
    (sessions, rest)
}

fn age_order(session: &SessionSummary) -> (u64, Uuid) {
    (session.rotated_at, session.sid)
}

/// Returns how many of `present` must go before one more fits into `limit`.
fn surplus(present: usize, limit: u64) -> usize {
    let allowed = usize::try_from(limit).unwrap_or(usize::MAX);
    (present + 1).saturating_sub(allowed)
}

impl fmt::Display for RoomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Foreign => "the hash holds fields that are not sessions",
            Self::LimitReached => "the session limit is reached",
        })
    }
}

impl std::error::Error for RoomError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a scan of sessions refreshed at 0, 1, 2, …; `c` is of the counted class, `x` has expired.
    fn scan(kinds: &str) -> Scan {
        let summary = |(at, kind): (u64, char)| SessionSummary {
            sid: Uuid::from_u128(u128::from(at)),
            rotated_at: at,
            is_over: kind == 'x',
            in_class: kind == 'c',
        };
        Scan { sessions: (0..).zip(kinds.chars()).map(summary).collect(), ..Scan::default() }
    }

    fn evicted(kinds: &str, total_limit: u64, class_limit: Option<u64>) -> Vec<u128> {
        let room = Limits { total_limit, class_limit, rejects: false }.make_room(scan(kinds)).expect("room");
        room.evicted.iter().map(Uuid::as_u128).collect()
    }

    #[test]
    fn the_sessions_refreshed_least_recently_make_room() {
        assert_eq!(evicted("cccc", 4, None), [0]);
        assert_eq!(evicted("cccc", 2, None), [0, 1, 2]);
        assert_eq!(evicted("cccc", 5, None), []);
        assert_eq!(evicted("cccc", 0, None), []);
    }

    #[test]
    fn a_class_limit_ends_sessions_of_its_class_only() {
        assert_eq!(evicted("ococ", 0, Some(1)), [1, 3]);
        assert_eq!(evicted("ococ", 0, Some(2)), [1]);
        assert_eq!(evicted("oooo", 0, Some(1)), []);
    }

    #[test]
    fn both_limits_hold_and_end_no_more_than_needed() {
        assert_eq!(evicted("ococ", 3, Some(2)), [0, 1]);
        assert_eq!(evicted("ococ", 4, Some(2)), [1]);
    }

    #[test]
    fn expired_sessions_do_not_count_and_are_pruned() {
        let room = Limits { total_limit: 2, class_limit: None, rejects: true }.make_room(scan("xcx"));
        let pruned = [0, 2].map(Uuid::from_u128).to_vec();
        assert_eq!(room, Ok(Room { evicted: vec![], pruned }));
        let many = "x".repeat(100);
        let limits = Limits { total_limit: 0, class_limit: None, rejects: false };
        assert_eq!(limits.make_room(scan(&many)).map(|room| room.pruned.len()), Ok(MAX_PRUNED));
    }

    #[test]
    fn a_login_is_refused_when_it_asks_for_that_or_the_hash_is_foreign() {
        let limits = Limits { total_limit: 1, class_limit: None, rejects: true };
        assert_eq!(limits.make_room(scan("c")), Err(RoomError::LimitReached));
        let foreign = Scan { is_foreign: true, ..scan("") };
        assert_eq!(limits.make_room(foreign), Err(RoomError::Foreign));
    }

    #[test]
    fn only_a_limit_that_may_bind_needs_the_whole_hash() {
        let limits = |total_limit, class_limit| Limits { total_limit, class_limit, rejects: false };
        assert!(limits(0, Some(9)).may_bind(1));
        assert!(limits(5, None).may_bind(5));
        assert!(!limits(5, None).may_bind(4));
        assert!(!limits(0, None).may_bind(10_000));
    }
}
