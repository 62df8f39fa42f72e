//! Clients that wait for the answer of a worker thread.

use super::guard::{OK, guarded};
use redis_module::{Context, raw};
use std::ffi::{c_int, c_void};

/// The answer to a client that waited, sent on the main thread. `None` if the answer is lost, which is a bug.
pub trait Outcome: Sized + Send + 'static {
    /// Sends the answer.
    fn send(ctx: &Context, outcome: Option<Self>);
}

/// A client that waits for its answer. Exactly one `unblock` belongs to it.
pub struct Blocked<O>(*mut raw::RedisModuleBlockedClient, std::marker::PhantomData<fn(O)>);

// SAFETY: Redis lets any thread unblock a client; the pointer is used for nothing else.
unsafe impl<O> Send for Blocked<O> {}

/// Makes the running command's client wait; `None` if Redis refuses. Call it only where blocking is allowed.
pub fn block<O: Outcome>(ctx: &Context) -> Option<Blocked<O>> {
    // SAFETY: the context is the running command's; the callbacks never unwind.
    let client = unsafe {
        raw::RedisModule_BlockClient?(ctx.ctx, Some(on_unblocked::<O>), None, Some(free_outcome::<O>), 0)
    };
    (!client.is_null()).then_some(Blocked(client, std::marker::PhantomData))
}

impl<O: Outcome> Blocked<O> {
    /// Hands the outcome to Redis, whose main thread answers the client with it, if it is still there.
    pub fn unblock(self, outcome: O) {
        let outcome = Box::into_raw(Box::new(Some(outcome)));
        // SAFETY: the client was blocked by `block` and is unblocked this once; the outcome is freed by `free_outcome`.
        unsafe { raw::RedisModule_UnblockClient.map(|unblock| unblock(self.0, outcome.cast())) };
    }
}

extern "C" fn on_unblocked<O: Outcome>(
    ctx: *mut raw::RedisModuleCtx,
    _argv: *mut *mut raw::RedisModuleString,
    _argc: c_int,
) -> c_int {
    let _ = guarded(|| {
        // SAFETY: Redis passes the pointer that `unblock` gave it, not yet freed, and nothing else uses it meanwhile.
        let outcome = unsafe {
            let data = raw::RedisModule_GetBlockedClientPrivateData.map(|get| get(ctx));
            data.and_then(|data| data.cast::<Option<O>>().as_mut())
        };
        O::send(&Context::new(ctx), outcome.and_then(Option::take));
    });
    OK
}

unsafe extern "C" fn free_outcome<O>(_ctx: *mut raw::RedisModuleCtx, outcome: *mut c_void) {
    if !outcome.is_null() {
        // SAFETY: made by `unblock`, and passed here once, after the reply or instead of it. A panic while the outcome
        // is dropped is stopped.
        let _ = guarded(|| drop(unsafe { Box::from_raw(outcome.cast::<Option<O>>()) }));
    }
}
