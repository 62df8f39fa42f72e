//! The logins that were begun here of late: a session id that is issued again, even within the same millisecond or after the
//! clock went back, begins a login of its own, which no token of the earlier one fits.

use crate::sync::lock;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex};
use uuid::Uuid;

/// Far more than can be begun in a millisecond.
const MAX_KEPT: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

static BEGUN: LazyLock<Mutex<LruCache<Uuid, u64>>> = LazyLock::new(|| Mutex::new(LruCache::new(MAX_KEPT)));

/// Returns when a login with this session id begins: at `now` (Unix ms), or later than the last one with this id.
pub fn time_of(sid: &Uuid, now: u64) -> u64 {
    lock(&BEGUN).peek(sid).map_or(now, |last| now.max(last + 1))
}

/// Notes when a login began, in Unix ms.
pub fn add(sid: Uuid, issued_at: u64) {
    lock(&BEGUN).put(sid, issued_at);
}
