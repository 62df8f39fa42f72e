//! The database of a connection.

use redis_module::{Context, raw};

/// Returns the number of the database that the running command works on.
pub fn selected(ctx: &Context) -> u32 {
    // SAFETY: the context is the running command's.
    let number = unsafe { raw::RedisModule_GetSelectedDb.map(|get| get(ctx.ctx)) };
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}
