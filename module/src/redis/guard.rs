//! Stops panics before they reach Redis.

use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// `REDISMODULE_OK`, in the type in which Redis returns it.
pub const OK: c_int = 0;
/// `REDISMODULE_ERR`.
pub const ERR: c_int = 1;

/// Runs `work` and stops a panic, which would end redis-server if it unwound into C. The panic hook has logged it.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
