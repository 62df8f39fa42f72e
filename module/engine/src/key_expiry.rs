//! The expiry of a user's whole key: at or after that of its latest session, and changed as rarely as possible.

use crate::record::RecordView;

const MIN_SLACK_MS: u64 = 60_000;
const SLACK_FRACTION: u64 = 64;

/// Returns the new expiry (Unix ms) of a key that must live until `needed`, or `None` if its `current` one is late
/// enough.
///
/// A new expiry lies up to max(60 s, idle/64) after `needed`, so that not every refresh changes it. It is only ever
/// extended. `idle_ms` is the idle lifetime of the session written.
pub fn extend(current: Option<u64>, needed: u64, idle_ms: u64) -> Option<u64> {
    let slack = MIN_SLACK_MS.max(idle_ms / SLACK_FRACTION);
    match current {
        Some(current) if current >= needed => None,
        _ => Some(needed.saturating_add(slack)),
    }
}

/// Returns the later of `end` and the end of the session in this record, in Unix ms. Ignores a record that cannot be
/// read.
pub fn latest(end: u64, record: &[u8]) -> u64 {
    RecordView::read(record).map_or(end, |session| end.max(session.ends_at()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_without_expiry_gets_one() {
        assert_eq!(extend(None, 1_000, 1_000), Some(61_000));
    }

    #[test]
    fn a_late_enough_expiry_stays_and_an_early_one_is_extended() {
        assert_eq!(extend(Some(1_000), 1_000, 0), None);
        assert_eq!(extend(Some(2_000), 1_000, 0), None);
        assert_eq!(extend(Some(999), 1_000, 0), Some(61_000));
    }

    #[test]
    fn long_idle_times_get_a_proportional_slack() {
        let two_weeks = 14 * 86_400_000;
        assert_eq!(extend(Some(0), two_weeks, two_weeks), Some(two_weeks + two_weeks / 64));
    }

    #[test]
    fn the_latest_session_counts_and_unreadable_records_do_not() {
        let session = crate::record::Session { idle_expiry: 7, absolute_expiry: 9, ..Default::default() };
        assert_eq!((latest(5, &session.encode()), latest(8, &session.encode()), latest(5, b"x")), (7, 8, 5));
    }
}
