//! A bounded memory of access tokens whose signatures were found right, so that checking one again costs no signature.
//!
//! Only the signature check is saved: key, type, subject, times, issuer, audience and session are looked at each time.
//! Only verified tokens enter, so hostile traffic cannot fill it.

use lru::LruCache;
use std::sync::{LazyLock, Mutex, PoisonError};

/// What an entry takes besides the token's text: the list node, its share of the hash table, allocation rounding.
const OVERHEAD_BYTES: usize = 160;

struct Cache {
    tokens: LruCache<Box<[u8]>, ()>,
    bytes: usize,
}

static CACHE: LazyLock<Mutex<Cache>> =
    LazyLock::new(|| Mutex::new(Cache { tokens: LruCache::unbounded(), bytes: 0 }));

/// Whether exactly this text was verified before.
pub fn contains(token: &[u8]) -> bool {
    lock().tokens.get(token).is_some()
}

/// Remembers a verified token within `limit` bytes in all; the least recently used go first.
pub fn remember(token: &[u8], limit: usize) {
    let cost = token.len() + OVERHEAD_BYTES;
    let mut cache = lock();
    if cost <= limit && cache.tokens.put(token.into(), ()).is_none() {
        cache.bytes += cost;
    }
    while cache.bytes > limit {
        match cache.tokens.pop_lru() {
            Some((token, ())) => cache.bytes -= token.len() + OVERHEAD_BYTES,
            None => cache.bytes = 0,
        }
    }
}

/// Forgets everything: the keys have changed.
pub fn clear() {
    let mut cache = lock();
    cache.tokens.clear();
    cache.bytes = 0;
}

fn lock() -> std::sync::MutexGuard<'static, Cache> {
    CACHE.lock().unwrap_or_else(PoisonError::into_inner)
}
