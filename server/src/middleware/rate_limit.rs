//! The rate limit: a token bucket for each address and purpose. Addresses may be shared, so purposes are counted
//! separately: failed authentication of one caller never delays another with valid credentials.

use super::source::Source;
use crate::http::error::ApiError;
use axum::response::{IntoResponse, Response};
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time in which an empty bucket fills: four times as many calls as per second are allowed at once.
const BURST: Duration = Duration::from_secs(4);
/// The number of buckets kept, a few MB of them. The least recently used one is dropped first; it is full, unless an
/// attacker uses more addresses than this within seconds.
const MAX_BUCKETS: NonZeroUsize = NonZeroUsize::new(65_536).expect("not zero");

/// The purpose of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A call to /token.
    Token,
    /// A call to /revoke.
    Revoke,
    /// A call to either by an authenticated client, such as the backend of many users.
    Authenticated,
    /// A renewal of the cookie at /verify.
    Renewal,
    /// A failed client authentication, on any route.
    FailedClient,
}

/// The key of the bucket that a call is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RateLimitKey {
    /// Where the call comes from.
    pub source: Source,
    /// Its purpose.
    pub purpose: Purpose,
}

/// The rate limit, or none.
pub struct RateLimit(Option<Buckets>);

impl RateLimit {
    /// Allows this many calls per second, and a burst of four times as many; 0 disables the limit.
    pub fn per_second(calls: u32) -> Self {
        Self((calls > 0).then(|| Buckets::new(Duration::from_secs(1) / calls)))
    }

    /// Counts a call. Returns 429 if it exceeds the limit; then it is not counted.
    pub fn count(&self, key: RateLimitKey) -> Result<(), ApiError> {
        self.0.as_ref().map_or(Ok(()), |buckets| buckets.count(key, buckets.now()))
    }

    /// Takes back a call that was counted.
    pub fn give_back(&self, key: RateLimitKey) {
        if let Some(buckets) = &self.0 {
            buckets.give_back(key);
        }
    }

    /// Counts a failed client authentication, on any route, and replaces its 401 by 429 if it exceeds the limit. Valid
    /// credentials are never counted here.
    pub fn count_failed(&self, source: Source, response: Response) -> Response {
        if response.extensions().get() != Some(&ApiError::InvalidClient) {
            return response;
        }
        match self.count(RateLimitKey { source, purpose: Purpose::FailedClient }) {
            Err(error) => error.into_response(),
            Ok(()) => response,
        }
    }
}

/// Token buckets, each kept as the time at which it will be full again: that one number says how many calls it has
/// left.
struct Buckets {
    /// The time in which a bucket regains one call.
    interval: Duration,
    start: Instant,
    /// Times since `start`.
    full_at: Mutex<LruCache<RateLimitKey, Duration>>,
}

impl Buckets {
    fn new(interval: Duration) -> Self {
        Self { interval, start: Instant::now(), full_at: Mutex::new(LruCache::new(MAX_BUCKETS)) }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Takes one call out of a bucket. Returns 429 with the time until the bucket has one, in whole seconds.
    fn count(&self, key: RateLimitKey, now: Duration) -> Result<(), ApiError> {
        let too_early =
            |wait: Duration| ApiError::RateLimited(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        self.take(key, now).map_err(too_early)
    }

    /// Takes one call out of a bucket, or returns how long it will be until the bucket has one.
    fn take(&self, key: RateLimitKey, now: Duration) -> Result<(), Duration> {
        // Each update replaces one number, so a panic cannot leave it half done.
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = buckets.get(&key).copied().unwrap_or_default().max(now) + self.interval;
        let wait = (full_at - now).saturating_sub(BURST);
        if wait.is_zero() {
            buckets.put(key, full_at);
            return Ok(());
        }
        Err(wait)
    }

    fn give_back(&self, key: RateLimitKey) {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.get_mut(&key) {
            *full_at = full_at.saturating_sub(self.interval);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::middleware::source::TrustedProxies;
    use axum::http::HeaderMap;
    use std::net::{IpAddr, Ipv4Addr};

    fn source(number: u32) -> Source {
        let address = IpAddr::V4(Ipv4Addr::from_bits(number));
        TrustedProxies::default().source(Some(address), &HeaderMap::new())
    }

    /// Counts a call at the first moment, however long the test takes.
    fn count(limit: &RateLimit, source: Source, purpose: Purpose) -> Result<(), ApiError> {
        let key = RateLimitKey { source, purpose };
        limit.0.as_ref().map_or(Ok(()), |buckets| buckets.count(key, Duration::ZERO))
    }

    /// Returns how many of a hundred calls at the same moment are allowed.
    fn allowed(limit: &RateLimit, source: Source, purpose: Purpose) -> usize {
        (0..100).filter(|_| count(limit, source, purpose).is_ok()).count()
    }

    #[test]
    fn a_burst_is_allowed_and_then_an_answer_says_when_to_come_back() {
        let limit = RateLimit::per_second(2);
        assert_eq!(allowed(&limit, source(1), Purpose::Token), 8);
        assert_eq!(count(&limit, source(1), Purpose::Token), Err(ApiError::RateLimited(1)));
    }

    #[test]
    fn addresses_and_purposes_do_not_share() {
        let limit = RateLimit::per_second(1);
        for purpose in [Purpose::Token, Purpose::Revoke, Purpose::Authenticated, Purpose::FailedClient] {
            assert_eq!(allowed(&limit, source(1), purpose), 4, "{purpose:?}");
        }
        assert_eq!(allowed(&limit, source(2), Purpose::Token), 4);
    }

    #[test]
    fn zero_is_no_limit() {
        let limit = RateLimit::per_second(0);
        let key = RateLimitKey { source: source(1), purpose: Purpose::Token };
        assert!((0..100).all(|_| limit.count(key).is_ok()));
    }

    #[test]
    fn a_bucket_fills_with_time_and_by_what_is_given_back() {
        let buckets = Buckets::new(Duration::from_millis(500));
        let key = RateLimitKey { source: source(1), purpose: Purpose::Token };
        let at = |ms: u64| Duration::from_millis(ms);
        assert!((0..8).all(|_| buckets.take(key, at(0)).is_ok()));
        assert_eq!(buckets.take(key, at(0)), Err(at(500)));
        assert_eq!(buckets.take(key, at(400)), Err(at(100)));
        assert_eq!(buckets.take(key, at(500)), Ok(()));
        buckets.give_back(key);
        assert_eq!((buckets.take(key, at(500)), buckets.take(key, at(500))), (Ok(()), Err(at(500))));
    }

    #[test]
    fn memory_is_bounded() {
        let buckets = Buckets::new(Duration::from_secs(1));
        for number in 0..70_000 {
            let key = RateLimitKey { source: source(number), purpose: Purpose::Token };
            assert_eq!(buckets.take(key, Duration::ZERO), Ok(()));
        }
        assert_eq!(buckets.full_at.lock().expect("no panic").len(), MAX_BUCKETS.get());
    }
}
