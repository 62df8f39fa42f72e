//! Announces a change to replicas, the AOF and watchers of the key.

use super::args::{Arg, OwnedString};
use super::guard::OK;
use redis_module::{Context, NotifyEvent, raw};
use std::ffi::CStr;

/// Sends a write that was made on an open key to replicas and the AOF, as the command with the same effect.
pub fn replicate(ctx: &Context, command: &CStr, key: &Arg, args: &[OwnedString]) -> bool {
    // SAFETY: the context is the running command's; `s` takes a string, `v` an array of strings, as which `args` is
    // laid out, and their number. Redis retains the strings, and only reads the array.
    let status = unsafe {
        raw::RedisModule_Replicate.map(|replicate| {
            replicate(ctx.ctx, command.as_ptr(), c"sv".as_ptr(), key.0, args.as_ptr(), args.len())
        })
    };
    status == Some(OK)
}

/// Tells WATCH and client-side caches that a key has changed.
pub fn signal_modified(ctx: &Context, key: &Arg) {
    // SAFETY: called by a write command, with its own context and key.
    unsafe { raw::RedisModule_SignalModifiedKey.map(|signal| signal(ctx.ctx, key.0)) };
}

/// Tells keyspace subscribers of a class of events.
pub fn notify_keyspace(ctx: &Context, class: NotifyEvent, event: &CStr, key: &Arg) {
    // SAFETY: called by a write command, with its own context and key, none of which is open.
    unsafe {
        raw::RedisModule_NotifyKeyspaceEvent
            .map(|notify| notify(ctx.ctx, class.bits(), event.as_ptr(), key.0))
    };
}
