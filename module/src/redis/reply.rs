//! Answers to the running command, piece by piece.

use redis_module::{Context, raw};
use std::ffi::{CStr, CString, c_long};

/// Sends `text` as a simple string.
pub fn simple(ctx: &Context, text: &CStr) {
    raw::reply_with_simple_string(ctx.ctx, text.as_ptr());
}

/// Sends a bulk string.
pub fn bulk(ctx: &Context, bytes: &[u8]) {
    raw::reply_with_string_buffer(ctx.ctx, bytes.as_ptr().cast(), bytes.len());
}

/// Sends an integer.
pub fn integer(ctx: &Context, number: i64) {
    raw::reply_with_long_long(ctx.ctx, number);
}

/// Sends true or false; 1 or 0 in RESP2.
pub fn boolean(ctx: &Context, value: bool) {
    raw::reply_with_bool(ctx.ctx, i32::from(value));
}

/// Begins an array of this many elements.
pub fn array(ctx: &Context, len: usize) {
    raw::reply_with_array(ctx.ctx, length(len));
}

/// Begins a map of this many pairs; a flat array in RESP2.
pub fn map(ctx: &Context, len: usize) {
    raw::reply_with_map(ctx.ctx, length(len));
}

/// Sends an error: its code, a space, a fixed text.
pub fn error(ctx: &Context, text: &str) {
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: the context is the running command's; the text is a C string that Redis copies.
    unsafe { raw::RedisModule_ReplyWithError.map(|reply| reply(ctx.ctx, text.as_ptr())) };
}

fn length(len: usize) -> c_long {
    c_long::try_from(len).unwrap_or(0)
}
