//! The latest logins of this process. A session id that is issued again begins a new login, even within the same
//! millisecond or after the clock went back, so that no token of the earlier login fits it.

use crate::sync::lock;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex};
use uuid::Uuid;

/// The number of logins that are remembered: far more than can begin in a millisecond.
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

/// Forgets all logins.
pub fn clear() {
    lock(&BEGUN).clear();
}
