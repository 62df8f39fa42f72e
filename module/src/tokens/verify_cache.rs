//! The verify cache: a bounded LRU cache of access tokens whose signatures are known valid, because they were minted or
//! verified here.
//!
//! It saves opening a token, above all the signature check; key, subject, times, issuer, audience and session are
//! checked each time. Only valid tokens enter, so an attacker cannot fill it.

use crate::sync;
use hallpass_engine::access::AccessToken;
use lru::LruCache;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

/// The memory of a list node and its share of the hash table, which may be hardly more than half full where entries
/// come and go.
const NODE_BYTES: usize = 48 + 80;

/// The most minted tokens that are cached in a row without a verification. Where applications verify tokens by
/// themselves, caching would be useless.
const MAX_UNASKED: u32 = 1_000;

/// The cache key: the end of a token's signature. Two valid tokens are not expected to share it; if they do, the later
/// one replaces the other.
type Tail = [u8; 16];

fn tail(text: &[u8]) -> Option<Tail> {
    text.last_chunk().copied()
}

/// Returns the bytes of memory that an entry takes: its texts, the token with its counts, and its place.
fn cost(token: &AccessToken) -> usize {
    allocated(token.capacity()) + allocated(size_of::<AccessToken>() + 2 * size_of::<usize>()) + NODE_BYTES
}

/// Returns the size that the allocator uses: it rounds up to eighths of the next power of two.
fn allocated(bytes: usize) -> usize {
    bytes.next_multiple_of((bytes.next_power_of_two() / 8).max(16))
}

/// The keyring with which a token was found valid: each change of the ring begins a new epoch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Epoch(u64);

struct Entry {
    token: Arc<AccessToken>,
    epoch: Epoch,
}

struct Cache {
    tokens: LruCache<Tail, Entry>,
    bytes: usize,
    epoch: Epoch,
    /// The number of tokens minted since the last verification.
    unasked: u32,
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(|| {
    Mutex::new(Cache { tokens: LruCache::unbounded(), bytes: 0, epoch: Epoch(0), unasked: 0 })
});

/// Returns the token with exactly this text, if the key that signed it is unexpired at `now` (Unix seconds).
pub fn get(text: &[u8], now: u64) -> Option<Arc<AccessToken>> {
    let mut cache = lock();
    cache.unasked = 0;
    let present = cache.epoch;
    let Entry { token, epoch } = cache.tokens.get(&tail(text)?)?;
    (*epoch == present && token.text() == text && token.key_is_unexpired(now)).then(|| token.clone())
}

/// Returns the current epoch. Call it before a token is minted or verified, since a key may be removed meanwhile.
pub fn epoch() -> Epoch {
    lock().epoch
}

/// Inserts a token that was verified in this epoch. The cache keeps to `limit` bytes; the least recently used entries
/// go first.
pub fn insert(token: Arc<AccessToken>, epoch: Epoch, limit: usize) {
    lock().insert(token, epoch, limit);
}

/// Inserts a token that was minted, unless tokens are not verified here.
pub fn insert_minted(token: &Arc<AccessToken>, epoch: Epoch, limit: usize) {
    let mut cache = lock();
    if cache.unasked < MAX_UNASKED {
        cache.unasked += 1;
        cache.insert(token.clone(), epoch, limit);
    }
}

impl Cache {
    fn insert(&mut self, token: Arc<AccessToken>, epoch: Epoch, limit: usize) {
        let Some(tail) = tail(token.text()) else {
            return;
        };
        let cost_of_this = cost(&token);
        if cost_of_this <= limit {
            self.bytes += cost_of_this;
            if let Some(replaced) = self.tokens.put(tail, Entry { token, epoch }) {
                self.bytes -= cost(&replaced.token);
            }
        }
        while self.bytes > limit {
            match self.tokens.pop_lru() {
                Some((_, oldest)) => self.bytes -= cost(&oldest.token),
                None => self.bytes = 0,
            }
        }
    }
}

/// Invalidates every cached token, and any verification in progress, because the keys changed. The entries stay until
/// new ones replace them, since freeing all of them at once would block Redis.
pub fn invalidate_all() {
    lock().epoch.0 += 1;
}

/// Forgets every token, and frees their memory.
pub fn clear() {
    let mut cache = lock();
    cache.tokens.clear();
    cache.bytes = 0;
    cache.unasked = 0;
}

fn lock() -> MutexGuard<'static, Cache> {
    sync::lock(&CACHE)
}
