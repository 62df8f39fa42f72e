//! How many sessions a user may have, and which of them make room for a new one.

use crate::config::Config;
use crate::survey::Sighting;
use uuid::Uuid;

/// At most so many sessions, the new one included.
pub type Limit = u64;

/// Whether the cap on a user's whole hash can bind when it has that many fields.
pub fn may_bind(config: &Config, fields: usize) -> bool {
    config.session_limit > 0 && fields as u64 >= config.session_limit
}

/// The sessions that must go so that one more keeps both limits: `whole` on all (0: none), `limit` on those of the class
/// that was looked for. Those that were refreshed least recently go, oldest first, and no more than needed.
pub fn to_evict(live: Vec<Sighting>, whole: Limit, limit: Option<Limit>) -> Vec<Uuid> {
    let (counted, others): (Vec<_>, Vec<_>) = live.into_iter().partition(|session| session.in_class);
    let over_limit = limit.map_or(0, |limit| surplus(counted.len(), limit));
    let (mut evicted, mut rest) = oldest(counted, over_limit);
    rest.extend(others);
    let over_whole = if whole == 0 { 0 } else { surplus(rest.len(), whole) };
    evicted.extend(oldest(rest, over_whole).0);
    evicted.sort_unstable_by_key(age_order);
    evicted.into_iter().map(|session| session.sid).collect()
}

/// The `count` sessions refreshed least recently, and the others.
fn oldest(mut sessions: Vec<Sighting>, count: usize) -> (Vec<Sighting>, Vec<Sighting>) {
    if count > 0 && count < sessions.len() {
        sessions.select_nth_unstable_by_key(count, age_order);
    }
    let rest = sessions.split_off(count.min(sessions.len()));
    (sessions, rest)
}

fn age_order(session: &Sighting) -> (u64, Uuid) {
    (session.rotated_at, session.sid)
}

/// How many of `present` must go before one more fits into `limit`.
fn surplus(present: usize, limit: Limit) -> usize {
    let allowed = usize::try_from(limit).unwrap_or(usize::MAX);
    (present + 1).saturating_sub(allowed)
}
