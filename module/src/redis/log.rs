//! The server's log. Redis' log function takes a format string, so the text is always an argument of `%s`.

use redis_module::{Context, raw};
use std::ffi::{CStr, CString};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// A context that outlives commands: for the log, and for INFO.
static DETACHED: AtomicPtr<raw::RedisModuleCtx> = AtomicPtr::new(ptr::null_mut());

/// Keeps a context of the module for later. Called once, while loading.
pub fn keep_detached_context(ctx: &Context) {
    // SAFETY: the context is the loading one; the new one is never freed.
    let detached = unsafe { raw::RedisModule_GetDetachedThreadSafeContext.map(|get| get(ctx.ctx)) };
    DETACHED.store(detached.unwrap_or(ptr::null_mut()), Ordering::Relaxed);
}

/// Returns the context that was kept, if there is one.
pub(super) fn detached_context() -> Option<Context> {
    let detached = DETACHED.load(Ordering::Relaxed);
    (!detached.is_null()).then(|| Context::new(detached))
}

/// Logs a warning: something that an operator should look at.
pub fn warning(text: &str) {
    write(c"warning", text);
}

/// Logs a notice.
pub fn notice(text: &str) {
    write(c"notice", text);
}

/// Logs a warning at most once a minute. `last` keeps the time (Unix ms) of the last one.
pub fn warning_once_a_minute(last: &AtomicU64, now: u64, text: &str) {
    let before = last.load(Ordering::Relaxed);
    if before == 0 || now.abs_diff(before) >= 60_000 {
        last.store(now, Ordering::Relaxed);
        warning(text);
    }
}

fn write(level: &CStr, text: &str) {
    let line: Vec<u8> = text.bytes().filter(|byte| *byte != 0).collect();
    let line = CString::new(line).unwrap_or_default();
    // SAFETY: three C strings that live until the call returns; Redis' log function is thread-safe.
    unsafe {
        if let Some(log) = raw::RedisModule_Log {
            log(DETACHED.load(Ordering::Relaxed), level.as_ptr(), c"%s".as_ptr(), line.as_ptr());
        }
    }
}
