//! How many sessions a user may have, and which of them make room for a new one.

use crate::config::Config;
use hallpass_engine::record::Session;
use uuid::Uuid;

/// At most so many sessions, the new one included.
pub type Limit = u64;

/// Whether the cap on a user's whole hash can bind when it has that many fields.
pub fn may_bind(config: &Config, fields: usize) -> bool {
    config.session_limit > 0 && fields as u64 >= config.session_limit
}

/// The sessions that must go so that one more keeps both limits: `whole` on all (0: none), `limit` on those of `class`,
/// or on all without a class. Those that were refreshed least recently go, and no more than needed.
pub fn to_evict(
    live: &[(Uuid, Session)],
    whole: Limit,
    limit: Option<Limit>,
    class: Option<&str>,
) -> Vec<Uuid> {
    let mut oldest_first: Vec<_> = live.iter().collect();
    oldest_first.sort_by_key(|(sid, session)| (session.rotated_at, *sid));
    let is_counted = |session: &Session| class.is_none() || session.class.as_deref() == class;

    let counted = live.iter().filter(|(_, session)| is_counted(session)).count();
    let over_limit = limit.map_or(0, |limit| surplus(counted, limit));
    let (mut evicted, rest): (Vec<_>, Vec<_>) = {
        let mut left = over_limit;
        oldest_first.into_iter().partition(|(_, session)| {
            let goes = left > 0 && is_counted(session);
            left -= usize::from(goes);
            goes
        })
    };
    let over_whole = if whole == 0 { 0 } else { surplus(rest.len(), whole) };
    evicted.extend(rest.into_iter().take(over_whole));
    evicted.into_iter().map(|(sid, _)| *sid).collect()
}

/// How many of `present` must go before one more fits into `limit`.
fn surplus(present: usize, limit: Limit) -> usize {
    let allowed = usize::try_from(limit).unwrap_or(usize::MAX);
    (present + 1).saturating_sub(allowed)
}
