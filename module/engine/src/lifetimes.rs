//! How long sessions and access tokens live. TTLs are in seconds, points in time in Unix milliseconds or as said.

use crate::record::Session;
use crate::time::{ms, seconds};

/// The TTLs that settings give: `access` ≤ `idle` ≤ `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultTtls {
    /// Of access tokens.
    pub access: u64,
    /// Between two refreshes.
    pub idle: u64,
    /// Of sessions, whatever happens.
    pub max: u64,
}

/// The TTLs that a login asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestedTtls {
    /// Of access tokens.
    pub access: Option<u64>,
    /// Between two refreshes.
    pub idle: Option<u64>,
    /// Of the session, whatever happens.
    pub max: Option<u64>,
}

/// The TTLs of a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTtls {
    /// Of access tokens, where the session has its own.
    pub access: Option<u64>,
    /// Between two refreshes, where the session has its own.
    pub idle: Option<u64>,
    /// Until it ends for want of a refresh.
    pub first_idle: u64,
    /// Until it ends in any case.
    pub max: u64,
}

impl DefaultTtls {
    /// Whether the settings fit into each other.
    pub fn are_consistent(&self) -> bool {
        self.access <= self.idle && self.idle <= self.max
    }
}

impl RequestedTtls {
    /// Fits the TTLs into each other: those that are not given are lowered, given ones must fit. `None` when they contradict
    /// each other or the longest that the settings allow.
    pub fn fit(&self, defaults: &DefaultTtls) -> Option<SessionTtls> {
        let max = self.max.unwrap_or(defaults.max);
        let idle = self.idle.unwrap_or(defaults.idle.min(max));
        let access = self.access.unwrap_or(defaults.access.min(idle));
        let fits = access <= idle && idle <= max && max <= defaults.max;
        fits.then_some(SessionTtls { access: self.access, idle: self.idle, first_idle: idle, max })
    }
}

impl SessionTtls {
    /// A session that begins at `now`, with nothing but its times.
    pub fn begin(&self, now: u64) -> Session {
        Session {
            issued_at: now,
            rotated_at: now,
            idle_expiry: now.saturating_add(ms(self.first_idle)),
            absolute_expiry: now.saturating_add(ms(self.max)),
            access_ttl: self.access,
            idle_ttl: self.idle,
            ..Session::default()
        }
    }
}

/// `iat` and `exp`, in Unix seconds, of the access token of a session's current generation: from the rotation on, so that a
/// retry gets the same token, or from `now` on if that token would have expired.
pub fn of_access_token(session: &Session, default_ttl: u64, now: u64) -> (u64, u64) {
    let (rotated_at, now) = (seconds(session.rotated_at), seconds(now));
    let exp = access_expiry(session, default_ttl, rotated_at);
    if exp > now { (rotated_at, exp) } else { (now, access_expiry(session, default_ttl, now)) }
}

/// `exp`, in Unix seconds, of the access token that the rotation itself answered with. It may be in the past.
pub fn first_access_expiry(session: &Session, default_ttl: u64) -> u64 {
    access_expiry(session, default_ttl, seconds(session.rotated_at))
}

/// In the session's last second a token still gets one, or it would be born expired.
fn access_expiry(session: &Session, default_ttl: u64, iat: u64) -> u64 {
    let ttl = session.access_ttl.unwrap_or(default_ttl);
    let end = seconds(session.idle_expiry.min(session.absolute_expiry));
    iat.saturating_add(ttl).min(end).max(iat + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: DefaultTtls = DefaultTtls { access: 900, idle: 1_000, max: 2_000 };

    fn fit(access: Option<u64>, idle: Option<u64>, max: Option<u64>) -> Option<(u64, u64)> {
        let ttls = RequestedTtls { access, idle, max }.fit(&DEFAULTS)?;
        Some((ttls.first_idle, ttls.max))
    }

    #[test]
    fn ttls_that_are_not_given_are_lowered_to_fit() {
        assert_eq!(fit(None, None, None), Some((1_000, 2_000)));
        assert_eq!(fit(None, None, Some(500)), Some((500, 500)));
        assert_eq!(fit(None, Some(600), None), Some((600, 2_000)));
    }

    #[test]
    fn given_ttls_that_contradict_each_other_are_refused() {
        assert_eq!(fit(Some(700), Some(600), None), None);
        assert_eq!(fit(None, Some(700), Some(600)), None);
        assert_eq!(fit(Some(700), None, Some(600)), None);
        assert_eq!(fit(None, None, Some(2_001)), None);
        assert_eq!(fit(Some(600), Some(600), Some(600)), Some((600, 600)));
    }

    #[test]
    fn settings_fit_into_each_other_or_not() {
        assert!(DEFAULTS.are_consistent());
        assert!(!DefaultTtls { access: 1_001, ..DEFAULTS }.are_consistent());
        assert!(!DefaultTtls { idle: 2_001, ..DEFAULTS }.are_consistent());
    }

    #[test]
    fn a_token_lives_from_the_rotation_on_and_from_now_when_that_is_over() {
        let session = RequestedTtls::default().fit(&DEFAULTS).expect("they fit").begin(10_000);
        assert_eq!(of_access_token(&session, 100, 10_999), (10, 110));
        assert_eq!(of_access_token(&session, 100, 109_999), (10, 110));
        assert_eq!(of_access_token(&session, 100, 110_000), (110, 210));
    }

    #[test]
    fn the_first_token_of_a_generation_ends_when_it_ends_whatever_came_later() {
        let session = RequestedTtls::default().fit(&DEFAULTS).expect("they fit").begin(10_000);
        assert_eq!(first_access_expiry(&session, 100), 110);
        assert_eq!(first_access_expiry(&session, 5_000), 1_010);
    }

    #[test]
    fn a_token_never_outlives_its_session_but_for_the_last_second() {
        let session = RequestedTtls::default().fit(&DEFAULTS).expect("they fit").begin(10_000);
        assert_eq!(of_access_token(&session, 5_000, 10_000), (10, 1_010));
        assert_eq!(of_access_token(&session, 900, 1_009_500), (1_009, 1_010));
        let last = Session { rotated_at: 1_010_000, ..session };
        assert_eq!(of_access_token(&last, 900, 1_010_000), (1_010, 1_011));
    }
}
