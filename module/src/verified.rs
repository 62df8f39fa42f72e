//! A bounded memory of access tokens whose signatures are known to be right: those minted here, and those verified here.
//!
//! Only opening a token is saved, its signature check above all: key, subject, times, issuer, audience and session are
//! looked at each time. Only right tokens enter, so hostile traffic cannot fill it.

use hallpass_engine::access::AccessToken;
use lru::LruCache;
use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// What an entry takes besides its texts: the token, counts, the list node, and its share of a hash table that has just
/// grown.
const OVERHEAD_BYTES: usize = size_of::<AccessToken>() + 96;

/// A token, found by its text.
struct Entry(Arc<AccessToken>);

impl Borrow<[u8]> for Entry {
    fn borrow(&self) -> &[u8] {
        self.0.text()
    }
}

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.text().hash(state);
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.0.text() == other.0.text()
    }
}

impl Eq for Entry {}

impl Entry {
    /// Bytes of memory, rounded up as the allocator does: in eighths of the next power of two.
    fn cost(&self) -> usize {
        let texts = self.0.capacity().max(64);
        texts.next_multiple_of(texts.next_power_of_two() / 8) + OVERHEAD_BYTES
    }
}

/// Which ring's tokens are remembered: each reload of the ring begins a new epoch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Epoch(u64);

struct Cache {
    tokens: LruCache<Entry, ()>,
    bytes: usize,
    epoch: Epoch,
}

static CACHE: LazyLock<Mutex<Cache>> =
    LazyLock::new(|| Mutex::new(Cache { tokens: LruCache::unbounded(), bytes: 0, epoch: Epoch(0) }));

/// The token of exactly this text, while the key that signed it is unexpired at Unix seconds.
pub fn recall(text: &[u8], now: u64) -> Option<Arc<AccessToken>> {
    let mut cache = lock();
    let (entry, ()) = cache.tokens.get_key_value(text)?;
    entry.0.key_is_unexpired(now).then(|| entry.0.clone())
}

/// The present epoch, to be noted before a token is minted or verified.
pub fn epoch() -> Epoch {
    lock().epoch
}

/// Remembers a right token of this epoch within `limit` bytes in all; the least recently used go first.
pub fn remember(token: Arc<AccessToken>, epoch: Epoch, limit: usize) {
    let entry = Entry(token);
    let cost = entry.cost();
    let mut cache = lock();
    // A key may have been removed since the token was signed.
    if cost > limit || epoch != cache.epoch {
        return;
    }
    cache.bytes += cost;
    if let Some((replaced, ())) = cache.tokens.push(entry, ()) {
        cache.bytes -= replaced.cost();
    }
    while cache.bytes > limit {
        match cache.tokens.pop_lru() {
            Some((oldest, ())) => cache.bytes -= oldest.cost(),
            None => cache.bytes = 0,
        }
    }
}

/// Forgets everything: the keys have changed.
pub fn clear() {
    let mut cache = lock();
    cache.tokens.clear();
    cache.bytes = 0;
    cache.epoch.0 += 1;
}

fn lock() -> MutexGuard<'static, Cache> {
    CACHE.lock().unwrap_or_else(PoisonError::into_inner)
}
