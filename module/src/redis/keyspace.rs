//! A pass through the keys of a database, a part at a time. It changes nothing: it removes no expired key, and does not
//! count as an access.

use super::args::Arg;
use super::guard::{OK, guarded};
use super::key::HashKey;
use redis_module::{Context, raw};
use std::ffi::{c_int, c_void};
use std::ptr;

/// A place in a pass.
pub struct KeyCursor(*mut raw::RedisModuleScanCursor);

// SAFETY: the cursor is a number in memory that belongs to it alone.
unsafe impl Send for KeyCursor {}

impl KeyCursor {
    /// Begins a pass.
    pub fn new() -> Self {
        // SAFETY: it takes nothing.
        Self(unsafe { raw::RedisModule_ScanCursorCreate.map_or(ptr::null_mut(), |create| create()) })
    }

    /// Calls `visit` with some keys, often none, of the selected database. Returns whether the pass goes on; if it has
    /// ended, the next call begins another one.
    pub fn advance<F: FnMut(&Arg, &HashKey)>(&mut self, ctx: &Context, mut visit: F) -> bool {
        // SAFETY: the cursor is ours; the callback gets `visit` back as its last argument and is not called after the
        // scan returns.
        unsafe {
            let (Some(scan), Some(restart)) = (raw::RedisModule_Scan, raw::RedisModule_ScanCursorRestart)
            else {
                return false;
            };
            let goes_on = scan(ctx.ctx, self.0, Some(on_key::<F>), (&raw mut visit).cast()) != 0;
            if !goes_on {
                restart(self.0);
            }
            goes_on
        }
    }
}

unsafe extern "C" fn on_key<F: FnMut(&Arg, &HashKey)>(
    _ctx: *mut raw::RedisModuleCtx,
    name: *mut raw::RedisModuleString,
    key: *mut raw::RedisModuleKey,
    visit: *mut c_void,
) {
    // SAFETY: it is the closure that `advance` passed in and keeps alive; nothing else uses it meanwhile.
    let visit = unsafe { &mut *visit.cast::<F>() };
    let (name, key) = (Arg(name), HashKey::lent(key));
    guarded(|| visit(&name, &key));
}

impl Drop for KeyCursor {
    fn drop(&mut self) {
        // SAFETY: the cursor was made by `new`, and nothing uses it any more.
        unsafe { raw::RedisModule_ScanCursorDestroy.map(|destroy| destroy(self.0)) };
    }
}

/// Returns whether this node is a primary that has all of its data.
pub fn is_loaded_primary(ctx: &Context) -> bool {
    // SAFETY: the context is ours.
    let flags = unsafe { raw::RedisModule_GetContextFlags.map_or(0, |flags| flags(ctx.ctx)) };
    let has = |flag: u32| flags & flag as c_int != 0;
    has(raw::REDISMODULE_CTX_FLAGS_MASTER) && !has(raw::REDISMODULE_CTX_FLAGS_LOADING)
}

/// Selects each database in turn, up to `most` of them, and calls `visit` with its number and the number of its keys.
pub fn each_database(ctx: &Context, most: usize, mut visit: impl FnMut(usize, u64)) {
    // SAFETY: the context is ours. Redis refuses the number of a database that does not exist.
    unsafe {
        let (Some(select), Some(size)) = (raw::RedisModule_SelectDb, raw::RedisModule_DbSize) else {
            return;
        };
        for (number, database) in (0..most).zip(0..) {
            if select(ctx.ctx, database) == OK {
                visit(number, size(ctx.ctx));
            }
        }
        select(ctx.ctx, 0);
    }
}
