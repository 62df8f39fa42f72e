//! From a handler to the client: every handler runs under one guard, and its outcome is sent when all work is done.

use crate::commands::{Answer, Outcome};
use crate::error::Error;
use crate::ffi::Arg;
use crate::minting::Tokens;
use crate::reply::Reply;
use crate::{ffi, info, signing};
use redis_module::{Context, raw};
use std::panic::{AssertUnwindSafe, catch_unwind};
use uuid::Uuid;

/// Runs a handler, counts what it refuses, and sends its outcome. A panic becomes an error reply.
pub fn dispatch(ctx: &Context, args: &[Arg], handler: fn(&Context, &[Arg]) -> Outcome) {
    // A panic while replying is stopped, too; what was sent by then is all that the client gets.
    let _ = guarded(|| match guarded(|| handler(ctx, args)).unwrap_or(Err(Error::Internal)) {
        Ok(Answer::Complete(reply)) => send(ctx, &reply),
        Ok(Answer::Unsigned(tokens)) => signing::answer(ctx, tokens),
        Err(error) => finish(ctx, Err(error)),
    });
}

/// Sends a reply or an error, which it counts.
pub fn finish(ctx: &Context, outcome: Result<Reply, Error>) {
    match outcome {
        Ok(reply) => send(ctx, &reply),
        Err(error) => {
            info::STATS.count_error(error);
            ffi::reply_error(ctx, error.text());
        }
    }
}

/// Stops a panic, which would end redis-server if it went on into C. The panic hook has logged it.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn send(ctx: &Context, reply: &Reply) {
    match reply {
        Reply::Ok => {
            raw::reply_with_simple_string(ctx.ctx, c"OK".as_ptr());
        }
        Reply::Text(text) => send_bytes(ctx, text.as_bytes()),
        Reply::Number(number) => {
            raw::reply_with_long_long(ctx.ctx, *number);
        }
        Reply::Bool(value) => {
            raw::reply_with_bool(ctx.ctx, i32::from(*value));
        }
        Reply::Array(items) => {
            raw::reply_with_array(ctx.ctx, reply_len(items.len()));
            items.iter().for_each(|item| send(ctx, item));
        }
        Reply::Map(members) => {
            raw::reply_with_map(ctx.ctx, reply_len(members.len()));
            for (name, value) in members {
                send_bytes(ctx, name.as_bytes());
                send(ctx, value);
            }
        }
        Reply::Claims(token) => send_bytes(ctx, token.payload()),
        Reply::Tokens(tokens) => send_tokens(ctx, tokens),
    }
}

/// In the documented order.
fn send_tokens(ctx: &Context, Tokens { access, rest }: &Tokens) {
    raw::reply_with_map(ctx.ctx, if rest.evicted.is_some() { 6 } else { 5 });
    send_bytes(ctx, b"access_token");
    send_bytes(ctx, access.text());
    send_bytes(ctx, b"expires_in");
    send(ctx, &Reply::number(rest.expires_in));
    send_bytes(ctx, b"refresh_token");
    send_bytes(ctx, rest.refresh_token.as_bytes());
    send_bytes(ctx, b"refresh_expires_in");
    send(ctx, &Reply::number(rest.refresh_expires_in));
    send_bytes(ctx, b"session_id");
    send_sid(ctx, &rest.session_id);
    if let Some(evicted) = &rest.evicted {
        send_bytes(ctx, b"evicted");
        raw::reply_with_array(ctx.ctx, reply_len(evicted.len()));
        evicted.iter().for_each(|sid| send_sid(ctx, sid));
    }
}

fn send_sid(ctx: &Context, sid: &Uuid) {
    send_bytes(ctx, sid.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
}

fn send_bytes(ctx: &Context, bytes: &[u8]) {
    raw::reply_with_string_buffer(ctx.ctx, bytes.as_ptr().cast(), bytes.len());
}

fn reply_len(len: usize) -> std::ffi::c_long {
    std::ffi::c_long::try_from(len).unwrap_or(0)
}
