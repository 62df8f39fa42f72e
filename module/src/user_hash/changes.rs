//! The changes of a command to a key, for its watchers.

use crate::redis::args::Arg;
use crate::redis::effects;
use redis_module::{Context, NotifyEvent};
use std::ffi::CStr;

/// A change of a key, in the order in which a command makes them.
#[derive(Clone, Copy)]
pub enum Change {
    /// Fields were set.
    Hset,
    /// The expiry was set.
    Expire,
    /// Fields were removed.
    Hdel,
    /// The key is gone.
    Del,
}

/// The class and name of each change's event.
const EVENTS: [(NotifyEvent, &CStr); 4] = [
    (NotifyEvent::HASH, c"hset"),
    (NotifyEvent::GENERIC, c"expire"),
    (NotifyEvent::HASH, c"hdel"),
    (NotifyEvent::GENERIC, c"del"),
];

/// The changes that a command made.
#[derive(Default)]
pub struct Changes([bool; EVENTS.len()]);

impl Changes {
    /// Adds a change.
    pub fn add(&mut self, change: Change) {
        self.0[change as usize] = true;
    }

    /// Notifies the watchers of the key. The key must be closed, since they may answer with a change of their own.
    pub fn announce(&self, ctx: &Context, key: &Arg) {
        if !self.0.contains(&true) {
            return;
        }
        effects::signal_modified(ctx, key);
        for ((class, event), _) in EVENTS.into_iter().zip(self.0).filter(|(_, is_made)| *is_made) {
            effects::notify_keyspace(ctx, class, event, key);
        }
    }
}
