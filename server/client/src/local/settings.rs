//! How much is kept, and for how long.

use std::sync::atomic::AtomicUsize;
use std::time::Duration;

/// How much of what was verified [`Hallpass`](crate::Hallpass) keeps, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyCache {
    /// The bytes that kept answers may take, all nodes together. 0 keeps none: every token is asked about each time.
    pub bytes: usize,
    /// How old an answer may be that [`Verifier::verify_or_stale`](crate::Verifier::verify_or_stale) lets pass while Redis is
    /// away. Zero lets none pass.
    pub stale_if_error: Duration,
}

impl Default for VerifyCache {
    /// 64 MiB, and nothing stale.
    fn default() -> Self {
        Self { bytes: 64 << 20, stale_if_error: Duration::ZERO }
    }
}

/// What the stores of all nodes share.
pub struct Settings {
    /// How much is kept, and for how long.
    pub cache: VerifyCache,
    /// The number of stores.
    pub stores: AtomicUsize,
}

impl Settings {
    /// Begins without stores; `None` when nothing is to be kept.
    pub fn of(cache: VerifyCache) -> Option<Self> {
        (cache.bytes > 0).then(|| Self { cache, stores: AtomicUsize::new(0) })
    }
}
