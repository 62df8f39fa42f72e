//! The module's options.

use super::guard::OK;
use redis_module::{Context, raw};
use std::ffi::{c_int, c_void};
use std::ptr;

/// Valkey's `VALKEYMODULE_OPTIONS_HANDLE_ATOMIC_SLOT_MIGRATION`: unless every module has it set, CLUSTER MIGRATESLOTS
/// refuses.
const HANDLE_ATOMIC_SLOT_MIGRATION: c_int = 1 << 5;

/// Tells Redis what the module supports. Called while loading, after everything that can fail.
pub fn set_options(ctx: &Context) {
    // A key that is opened for writing is often not written, so a change is signalled where it is made.
    let of_redis =
        raw::REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD | raw::REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED;
    let options = of_redis as c_int | options_of_valkey();
    // SAFETY: called while loading, with the loading context. The module keeps no copy of the dataset, so that neither
    // an asynchronous load nor the move of a slot can make one outdated.
    unsafe {
        if let Some(set) = raw::RedisModule_SetModuleOptions {
            set(ctx.ctx, options);
        }
    }
}

/// Returns whether this is Valkey, by a function of its own name; Redis may give the same bit another meaning.
fn options_of_valkey() -> c_int {
    let mut function: *mut c_void = ptr::null_mut();
    // SAFETY: Redis looks up the name, and writes to the place only if it has such a function; it is not called here.
    let known = unsafe {
        let is_valkey = raw::RedisModule_GetApi.is_some_and(|find| {
            find(c"ValkeyModule_SetModuleOptions".as_ptr(), (&raw mut function).cast()) == OK
        });
        raw::RedisModule_GetModuleOptionsAll.filter(|_| is_valkey).map_or(0, |all| all())
    };
    known & HANDLE_ATOMIC_SLOT_MIGRATION
}
