//! The verify epoch, shown by INFO: a number that grows when an answer of AUTH.VERIFY may have changed although no
//! Redis key has: after a change of the keyring or of a setting, and when a key of the ring expires.
//!
//! Clients that cache answers of AUTH.VERIFY drop them when it changes. It begins at the time of loading, so that it
//! also changes when the module is loaded again.

use crate::sync::lock;
use std::sync::Mutex;

struct State {
    epoch: u64,
    /// How many keys of the ring had expired at the last call of [`current`].
    expired_keys: usize,
}

static STATE: Mutex<State> = Mutex::new(State { epoch: 0, expired_keys: 0 });

/// Begins the epoch of a module that was loaded at `now` (Unix ms). It never goes back, even if the clock did.
pub fn begin(now: u64) {
    let mut state = lock(&STATE);
    state.epoch = now.max(state.epoch + 1);
}

/// Begins the next epoch: the keyring or a setting changed.
pub fn advance() {
    lock(&STATE).epoch += 1;
}

/// Returns the epoch. The expiry of a key, which happens by itself, is noticed here.
pub fn current(expired_keys: usize) -> u64 {
    let mut state = lock(&STATE);
    if state.expired_keys != expired_keys {
        state.expired_keys = expired_keys;
        state.epoch += 1;
    }
    state.epoch
}
