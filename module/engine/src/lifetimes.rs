//! The lifetimes of sessions and access tokens. TTLs are in seconds; points in time are in Unix milliseconds, unless a
//! comment says otherwise.

use crate::record::Session;
use crate::time::{ms, seconds};
use uuid::Uuid;

/// The TTLs that settings give: `access` ≤ `idle` ≤ `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultTtls {
    /// The lifetime of access tokens.
    pub access: u64,
    /// The longest time between two refreshes.
    pub idle: u64,
    /// The lifetime of sessions in any case.
    pub max: u64,
}

/// The TTLs that a login asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestedTtls {
    /// The lifetime of access tokens.
    pub access: Option<u64>,
    /// The longest time between two refreshes.
    pub idle: Option<u64>,
    /// The lifetime of the session in any case.
    pub max: Option<u64>,
}

/// The TTLs of a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTtls {
    /// The lifetime of access tokens, if the session has its own.
    pub access: Option<u64>,
    /// The longest time between two refreshes, if the session has its own.
    pub idle: Option<u64>,
    /// The time until it ends if it is not refreshed.
    pub first_idle: u64,
    /// The time until it ends in any case.
    pub max: u64,
}

impl DefaultTtls {
    /// Returns whether the settings are consistent: access ≤ idle ≤ max.
    pub fn are_consistent(&self) -> bool {
        self.access <= self.idle && self.idle <= self.max
    }
}

impl RequestedTtls {
    /// Makes the TTLs consistent: those that are not given are lowered, given ones must fit. `None` if they contradict
    /// each other or exceed what the settings allow.
    pub fn fit(&self, defaults: &DefaultTtls) -> Option<SessionTtls> {
        let max = self.max.unwrap_or(defaults.max);
        let idle = self.idle.unwrap_or(defaults.idle.min(max));
        let access = self.access.unwrap_or(defaults.access.min(idle));
        let fits = access <= idle && idle <= max && max <= defaults.max;
        fits.then_some(SessionTtls { access: self.access, idle: self.idle, first_idle: idle, max })
    }
}

impl SessionTtls {
    /// Creates a session that begins at `now` and has only its times.
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

/// The lifetimes that settings give to access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessTtl {
    /// The lifetime in seconds for sessions without their own.
    pub default: u64,
    /// The most by which each is shortened, in percent, so that many clients do not refresh in the same second.
    pub jitter: u64,
}

impl AccessTtl {
    /// Returns `iat` and `exp`, in Unix seconds, of the access token of a session's current generation: from the
    /// rotation on, so that a retry gets the same token, or from `now` (Unix ms) on if that token has expired.
    pub fn of_token(&self, sid: &Uuid, session: &Session, now: u64) -> (u64, u64) {
        let (rotated_at, now) = (seconds(session.rotated_at), seconds(now));
        let exp = self.expiry(sid, session, rotated_at);
        if exp > now { (rotated_at, exp) } else { (now, self.expiry(sid, session, now)) }
    }

    /// Returns `exp`, in Unix seconds, of the access token that the rotation itself answered with. It may be in the
    /// past.
    pub fn of_first_token(&self, sid: &Uuid, session: &Session) -> u64 {
        self.expiry(sid, session, seconds(session.rotated_at))
    }

    /// Returns the expiry of a token, at most the session's. In the session's last second the token still lives for a
    /// second, or it would be expired at once.
    fn expiry(&self, sid: &Uuid, session: &Session, iat: u64) -> u64 {
        let full = session.access_ttl.unwrap_or(self.default);
        let ttl = full - share(full.saturating_mul(self.jitter) / 100, sid, session.generation);
        let end = seconds(session.idle_expiry.min(session.absolute_expiry));
        iat.saturating_add(ttl).min(end).max(iat + 1)
    }
}

/// Returns a number from 0 to `most`, the same on every node and for every retry: `most` times a fraction that
/// SplitMix64 computes from the session's id and generation.
fn share(most: u64, sid: &Uuid, generation: u64) -> u64 {
    let mut mixed = sid.as_u64_pair().1 ^ generation.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let share = (u128::from(mixed) * (u128::from(most) + 1)) >> 64;
    u64::try_from(share).unwrap_or(most).min(most)
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

    fn session() -> Session {
        RequestedTtls::default().fit(&DEFAULTS).expect("they fit").begin(10_000)
    }

    fn of_token(session: &Session, ttl: u64, now: u64) -> (u64, u64) {
        AccessTtl { default: ttl, jitter: 0 }.of_token(&Uuid::nil(), session, now)
    }

    #[test]
    fn a_token_lives_from_the_rotation_on_and_from_now_when_that_is_over() {
        assert_eq!(of_token(&session(), 100, 10_999), (10, 110));
        assert_eq!(of_token(&session(), 100, 109_999), (10, 110));
        assert_eq!(of_token(&session(), 100, 110_000), (110, 210));
    }

    #[test]
    fn the_first_token_of_a_generation_ends_when_it_ends_whatever_came_later() {
        let of_first = |default| AccessTtl { default, jitter: 0 }.of_first_token(&Uuid::nil(), &session());
        assert_eq!((of_first(100), of_first(5_000)), (110, 1_010));
    }

    #[test]
    fn a_token_never_outlives_its_session_but_for_the_last_second() {
        assert_eq!(of_token(&session(), 5_000, 10_000), (10, 1_010));
        assert_eq!(of_token(&session(), 900, 1_009_500), (1_009, 1_010));
        let last = Session { rotated_at: 1_010_000, ..session() };
        assert_eq!(of_token(&last, 900, 1_010_000), (1_010, 1_011));
    }

    #[test]
    fn jitter_shortens_by_a_share_that_session_and_generation_fix() {
        let lifetimes = |jitter: u64, own: Option<u64>| -> Vec<u64> {
            let ttl = AccessTtl { default: 900, jitter };
            let of = |sid: u128, generation| {
                let session = Session { generation, access_ttl: own, ..session() };
                ttl.of_first_token(&Uuid::from_u128(sid), &session) - 10
            };
            (0..50).flat_map(|sid| (0..20).map(move |generation| of(sid, generation))).collect()
        };
        assert!(lifetimes(0, None).iter().all(|ttl| *ttl == 900));
        let some = lifetimes(20, None);
        assert_eq!(some, lifetimes(20, None), "the same for a retry");
        assert!(some.iter().all(|ttl| (720..=900).contains(ttl)));
        assert!(some.iter().any(|ttl| *ttl < 730) && some.iter().any(|ttl| *ttl > 890), "they spread");
        let mean = some.iter().sum::<u64>() / some.len() as u64;
        assert!((790..830).contains(&mean), "evenly: {mean}");
        assert!(lifetimes(50, Some(100)).iter().all(|ttl| (50..=100).contains(ttl)));
        assert!(lifetimes(50, Some(1)).iter().all(|ttl| *ttl == 1), "at least a second");
    }
}
