//! Proof of receipt: the logins whose current generation is known to have arrived.
//!
//! A verified access token, or an inspected refresh token, shows that its holder received the answer of the refresh
//! that minted it, so the previous refresh token needs no long retry window. Kept in process memory only: losing a
//! receipt falls back to the time limit.

use crate::stats::STATS;
use crate::sync::lock;
use hallpass_engine::login::Login;
use hallpass_engine::receipts::{Noted, Receipts, is_of_use};
use hallpass_engine::record::Session;
use hallpass_engine::refresh::RefreshToken;
use hallpass_engine::time::seconds;
use std::hash::{BuildHasher, RandomState};
use std::sync::{LazyLock, Mutex};

/// Memory for more than 200,000 receipts; taken when the first one is noted.
const MEMORY_BYTES: usize = 4 << 20;

static SEEN: Mutex<Option<Receipts>> = Mutex::new(None);
/// The keys of the hash are random, so that nobody can choose logins that collide.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// An answer that arrived: it began a generation of a login.
pub struct Arrival<'a> {
    /// The database that the session is in.
    pub database: u32,
    /// The session's login.
    pub login: &'a Login,
    /// The generation.
    pub generation: u64,
    /// When it began, in Unix ms.
    pub began: u64,
}

impl Arrival<'_> {
    /// Notes it at `now`, if it still matters. `window` is the retry window. Both are in ms.
    pub fn note(&self, now: u64, window: u64) {
        if !is_of_use(self.began, now, window) {
            return;
        }
        let (began, now, window) = (seconds(self.began), seconds(now), seconds(window));
        let mut seen = lock(&SEEN);
        let receipts = seen.get_or_insert_with(|| Receipts::with_bytes(MEMORY_BYTES));
        match receipts.add(hash(self.database, self.login), self.generation, began, now, window) {
            Noted::Again => {}
            Noted::New => STATS.receipts_kept.add(1),
            Noted::InsteadOfAnother => {
                STATS.receipts_kept.add(1);
                STATS.receipts_dropped.add(1);
            }
        }
    }
}

/// Returns whether the answer that began the session's generation is known to have arrived: this generation, or a later
/// one, was noted. This matters only for tokens of earlier generations.
pub fn has_arrived(database: u32, session: &Session, token: &RefreshToken) -> bool {
    let latest = || lock(&SEEN).as_ref()?.latest(hash(database, &token.login));
    token.generation != session.generation && latest().is_some_and(|latest| latest >= session.generation)
}

fn hash(database: u32, login: &Login) -> u64 {
    HASHER.hash_one((database, login))
}

/// Forgets all receipts, and frees their memory.
pub fn clear() {
    *lock(&SEEN) = None;
}
