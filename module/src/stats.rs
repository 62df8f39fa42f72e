//! Counters of what this process has done since the module was loaded. `INFO hallpass` shows them.

use crate::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};

/// A counter, which only grows.
pub struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds `number`. Callers hold the Redis lock, so a plain load and store is enough, and costs less than one atomic
    /// step.
    pub fn add(&self, number: u64) {
        self.0.store(self.get().wrapping_add(number), Ordering::Relaxed);
    }

    fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper bounds of the retry delay histogram, in ms; the last bucket has no bound.
const RETRY_BOUNDS: [u64; 6] = [100, 1_000, 10_000, 60_000, 600_000, u64::MAX];

/// Declares the counters; each is the INFO field of the same name.
macro_rules! counters {
    ($($name:ident),+ $(,)?) => {
        /// All counters.
        #[allow(missing_docs)] // Each is the INFO field of its name.
        pub struct Stats {
            $(pub $name: Counter,)+
            retry_delays: [Counter; RETRY_BOUNDS.len()],
        }

        /// The counters of this process.
        pub static STATS: Stats = Stats {
            $($name: Counter::new(),)+
            retry_delays: [const { Counter::new() }; RETRY_BOUNDS.len()],
        };

        impl Stats {
            /// Sets every counter to zero.
            pub fn reset(&self) {
                $(self.$name.reset();)+
                self.retry_delays.iter().for_each(Counter::reset);
            }

            /// Lists names and numbers, in the order of the declaration.
            pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name.get())),+].into_iter()
            }
        }
    };
}

counters! {
    issued,
    refreshed,
    retried,
    shared,
    reused,
    recovered,
    revoked,
    evicted,
    verified,
    verify_cache_hits,
    invalid,
    expired,
    stale,
    unreadable_records,
    receipts_kept,
    receipts_dropped,
}

impl Stats {
    /// Counts an answer with the tokens of a generation that began `age` ms ago: to a retry, or to an older token of a
    /// shared session.
    pub fn count_retry(&self, age: u64, is_shared: bool) {
        if is_shared { &self.shared } else { &self.retried }.add(1);
        let bucket = RETRY_BOUNDS.iter().position(|bound| age <= *bound).unwrap_or(RETRY_BOUNDS.len() - 1);
        self.retry_delays[bucket].add(1);
    }

    /// Counts an error reply.
    pub fn count_error(&self, error: Error) {
        match error {
            Error::InvalidToken => self.invalid.add(1),
            Error::ExpiredToken => self.expired.add(1),
            Error::StaleToken => self.stale.add(1),
            _ => (),
        }
    }

    /// Returns a histogram of the delay between the rotation and retries, or older tokens of shared sessions:
    /// `le_100ms=…,le_1000ms=…,…,more=…`.
    pub fn retry_histogram(&self) -> String {
        let label = |bound: u64| if bound == u64::MAX { "more".into() } else { format!("le_{bound}ms") };
        let buckets = RETRY_BOUNDS.iter().zip(&self.retry_delays);
        let buckets: Vec<_> =
            buckets.map(|(bound, count)| format!("{}={}", label(*bound), count.get())).collect();
        buckets.join(",")
    }
}
