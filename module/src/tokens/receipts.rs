//! Proof of receipt: which generations' access tokens were verified here.
//!
//! A verified token shows that its holder received the answer of the refresh that minted it, so the previous refresh
//! token needs no long retry window. Kept in process memory only: losing an entry falls back to the time limit.

use crate::sync::lock;
use hallpass_engine::record::Session;
use hallpass_engine::refresh::RefreshToken;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex};
use uuid::Uuid;

/// What one entry takes: 24 bytes of content, the list node's allocation and its share of the hash table.
const ENTRY_BYTES: usize = 128;
const MEMORY_BYTES: usize = 4 << 20;

static SEEN: LazyLock<Mutex<LruCache<Uuid, u64>>> = LazyLock::new(|| {
    Mutex::new(LruCache::new(NonZeroUsize::new(MEMORY_BYTES / ENTRY_BYTES).unwrap_or(NonZeroUsize::MIN)))
});

/// Notes that an access token of this generation was verified.
pub fn add(sid: Uuid, generation: u64) {
    let mut seen = lock(&SEEN);
    let latest = seen.get_or_insert_mut(sid, || generation);
    *latest = generation.max(*latest);
}

/// Returns whether the answer that began the session's generation is known to have arrived: an access token of this
/// generation, or of a later one, was verified. Nobody asks for that when the token is of this generation.
pub fn has_arrived(session: &Session, token: &RefreshToken) -> bool {
    token.generation != session.generation
        && lock(&SEEN).peek(&token.sid).is_some_and(|latest| *latest >= session.generation)
}
