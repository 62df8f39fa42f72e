//! A bounded memory of access tokens whose signatures are known to be right: those minted here, and those verified here.
//!
//! Only opening a token is saved, its signature check above all: key, subject, times, issuer, audience and session are
//! looked at each time. Only right tokens enter, so hostile traffic cannot fill it.

use hallpass_engine::access::AccessToken;
use lru::LruCache;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// The list node, and its share of a hash table that grew although it was hardly more than half full, as it does where
/// entries come and go.
const NODE_BYTES: usize = 48 + 80;

/// So many tokens in a row are remembered as they are minted without anybody asking to verify one. Where applications
/// check tokens by themselves, it would be for nothing.
const MINTED_IN_VAIN: u32 = 1_000;

/// The end of a token's signature, by which it is looked for: no two right tokens are expected to share it, and if they
/// do, the later one takes the place of the other.
type Tail = [u8; 16];

fn tail(text: &[u8]) -> Option<Tail> {
    text.last_chunk().copied()
}

/// Bytes of memory that an entry takes: its texts, the token with its counts, and its place.
fn cost(token: &AccessToken) -> usize {
    allocated(token.capacity()) + allocated(size_of::<AccessToken>() + 2 * size_of::<usize>()) + NODE_BYTES
}

/// What the allocator makes of a size: it rounds up to eighths of the next power of two.
fn allocated(bytes: usize) -> usize {
    bytes.next_multiple_of((bytes.next_power_of_two() / 8).max(16))
}

/// Which ring a token was found right by: each reload of the ring begins a new epoch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Epoch(u64);

struct Remembered {
    token: Arc<AccessToken>,
    epoch: Epoch,
}

struct Cache {
    tokens: LruCache<Tail, Remembered>,
    bytes: usize,
    epoch: Epoch,
    /// How many tokens were minted since somebody asked to verify one.
    minted_in_vain: u32,
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(|| {
    Mutex::new(Cache { tokens: LruCache::unbounded(), bytes: 0, epoch: Epoch(0), minted_in_vain: 0 })
});

/// The token of exactly this text, while the key that signed it is unexpired at Unix seconds.
pub fn recall(text: &[u8], now: u64) -> Option<Arc<AccessToken>> {
    let mut cache = lock();
    cache.minted_in_vain = 0;
    let present = cache.epoch;
    let Remembered { token, epoch } = cache.tokens.get(&tail(text)?)?;
    (*epoch == present && token.text() == text && token.key_is_unexpired(now)).then(|| token.clone())
}

/// The present epoch, to be noted before a token is minted or verified: a key may be removed meanwhile.
pub fn epoch() -> Epoch {
    lock().epoch
}

/// Remembers a token that was verified in this epoch, within `limit` bytes in all; the least recently used go first.
pub fn remember(token: Arc<AccessToken>, epoch: Epoch, limit: usize) {
    lock().remember(token, epoch, limit);
}

/// The same for a token that was minted, unless nobody verifies any here.
pub fn remember_minted(token: &Arc<AccessToken>, epoch: Epoch, limit: usize) {
    let mut cache = lock();
    if cache.minted_in_vain < MINTED_IN_VAIN {
        cache.minted_in_vain += 1;
        cache.remember(token.clone(), epoch, limit);
    }
}

impl Cache {
    fn remember(&mut self, token: Arc<AccessToken>, epoch: Epoch, limit: usize) {
        let Some(tail) = tail(token.text()) else {
            return;
        };
        let cost_of_this = cost(&token);
        if cost_of_this <= limit {
            self.bytes += cost_of_this;
            if let Some(replaced) = self.tokens.put(tail, Remembered { token, epoch }) {
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

/// Holds for no token that was remembered, or is being verified, by now: the keys have changed. The memory goes to the
/// tokens to come, since freeing all of it at once would take its time.
pub fn forget() {
    lock().epoch.0 += 1;
}

fn lock() -> MutexGuard<'static, Cache> {
    CACHE.lock().unwrap_or_else(PoisonError::into_inner)
}
