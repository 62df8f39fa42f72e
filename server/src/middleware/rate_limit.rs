//! The rate limit: a token bucket for each address and purpose. Addresses may be shared, so purposes are counted
//! separately: failed authentication of one caller never delays another with valid credentials.

use super::source::Source;
use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::oauth_clients::Clients;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use lru::LruCache;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Mutex, PoisonError};

/// The burst, as a multiple of the calls per second.
const BURST: NonZeroU32 = NonZeroU32::new(4).expect("not zero");
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
pub struct RateLimit(Option<RateLimiter<RateLimitKey, Buckets, DefaultClock>>);

impl RateLimit {
    /// Allows this many calls per second, and a burst of four times as many; 0 disables the limit.
    pub fn per_second(calls: u32) -> Self {
        Self(NonZeroU32::new(calls).map(|rate| {
            let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(BURST));
            RateLimiter::new(quota, Buckets::new(), DefaultClock::default())
        }))
    }

    /// Counts a call. Returns 429 if it exceeds the limit.
    pub fn count(&self, key: RateLimitKey) -> Result<(), ApiError> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            ApiError::RateLimited(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
        })
    }

    /// Counts a call by the client credentials it carries, and returns its form, or 429 if it exceeds the limit.
    /// Invalid credentials are counted by [`Self::count_failed`], as on every route.
    pub fn admit(
        &self,
        key: RateLimitKey,
        clients: &Clients,
        headers: &HeaderMap,
        form: Result<Form, ApiError>,
    ) -> Result<Form, ApiError> {
        match form.as_ref().map_or(Ok(None), |form| clients.authenticate(headers, form)) {
            Ok(Some(_)) => self.count(RateLimitKey { purpose: Purpose::Authenticated, ..key })?,
            Err(ApiError::InvalidClient) => {}
            Ok(None) | Err(_) => self.count(key)?,
        }
        form
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

/// The time at which each bucket will be full again.
struct Buckets(Mutex<LruCache<RateLimitKey, Nanos>>);

impl Buckets {
    fn new() -> Self {
        Self(Mutex::new(LruCache::new(MAX_BUCKETS)))
    }
}

impl StateStore for Buckets {
    type Key = RateLimitKey;

    fn measure_and_replace<T, F, E>(&self, key: &Self::Key, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // Each update replaces one number, so a panic cannot leave it half done.
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, full_at) = decide(buckets.get(key).copied())?;
        buckets.put(*key, full_at);
        Ok(answer)
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
        TrustedProxies::default().source(address, &HeaderMap::new())
    }

    /// How many of a hundred calls are allowed.
    fn allowed(limit: &RateLimit, source: Source, purpose: Purpose) -> usize {
        (0..100).filter(|_| limit.count(RateLimitKey { source, purpose }).is_ok()).count()
    }

    #[test]
    fn a_burst_is_allowed_and_then_an_answer_says_when_to_come_back() {
        let limit = RateLimit::per_second(2);
        let burst = allowed(&limit, source(1), Purpose::Token);
        assert!((8..=9).contains(&burst), "{burst}");
        assert_eq!(
            limit.count(RateLimitKey { source: source(1), purpose: Purpose::Token }),
            Err(ApiError::RateLimited(1))
        );
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
        assert_eq!(allowed(&RateLimit::per_second(0), source(1), Purpose::Token), 100);
    }

    #[test]
    fn memory_is_bounded() {
        let buckets = Buckets::new();
        for number in 0..70_000 {
            let key = RateLimitKey { source: source(number), purpose: Purpose::Token };
            let answer: Result<(), ()> = buckets.measure_and_replace(&key, |_| Ok(((), Nanos::new(1))));
            assert_eq!(answer, Ok(()));
        }
        assert_eq!(buckets.0.lock().expect("no panic").len(), MAX_BUCKETS.get());
    }
}
