//! Replies as data, so that commands finish all their work before anything is sent.

mod json;

use crate::error::Error;
use crate::format::Format;
use crate::redis::reply::{array, boolean, bulk, error, integer, map, simple};
use crate::stats::STATS;
use crate::tokens::builder::{TokenReply, UnsignedTokens};
use hallpass_engine::access::AccessToken;
use redis_module::Context;
use std::sync::Arc;
use uuid::Uuid;

/// The result of a command.
pub type CommandResult = Result<Reply, Error>;

/// A reply to the client.
pub enum Reply {
    /// A complete reply.
    Ready(Value),
    /// A reply that lacks only a signature, which may be slow to make.
    Unsigned(Box<UnsignedTokens>),
}

/// A complete reply. Maps keep their order; in RESP2 they are flat arrays.
pub enum Value {
    /// The simple string `OK`.
    Ok,
    /// A bulk string.
    Text(String),
    /// An integer.
    Number(i64),
    /// True or false; 1 or 0 in RESP2.
    Bool(bool),
    /// An array.
    Array(Vec<Value>),
    /// A map with fixed names.
    Map(Vec<(&'static str, Value)>),
    /// A bulk string of JSON text, which becomes a part of the text with FORMAT JSON.
    Json(String),
    /// A bulk string: the claims set of a token.
    Claims(Arc<AccessToken>),
}

impl Value {
    /// Returns a bulk string.
    pub fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    /// Creates an integer; larger values are capped.
    pub fn number(value: u64) -> Self {
        Self::Number(i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// Returns the same value in this format.
    pub fn formatted(self, format: Format) -> Self {
        match format {
            Format::Resp => self,
            Format::Json => Self::Text(json::text(&self)),
        }
    }
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        Self::Ready(value)
    }
}

impl From<UnsignedTokens> for Reply {
    fn from(tokens: UnsignedTokens) -> Self {
        Self::Unsigned(Box::new(tokens))
    }
}

/// Sends an error, and counts it.
pub fn refuse(ctx: &Context, why: Error) {
    STATS.count_error(why);
    error(ctx, why.text());
}

/// Sends a complete reply.
pub fn send(ctx: &Context, value: &Value) {
    match value {
        Value::Ok => simple(ctx, c"OK"),
        Value::Text(text) | Value::Json(text) => bulk(ctx, text.as_bytes()),
        Value::Number(number) => integer(ctx, *number),
        Value::Bool(value) => boolean(ctx, *value),
        Value::Array(items) => {
            array(ctx, items.len());
            items.iter().for_each(|item| send(ctx, item));
        }
        Value::Map(members) => {
            map(ctx, members.len());
            for (name, value) in members {
                bulk(ctx, name.as_bytes());
                send(ctx, value);
            }
        }
        Value::Claims(token) => bulk(ctx, token.payload()),
    }
}

/// Sends the answer of `AUTH.ISSUE` and `AUTH.REFRESH`, or an error.
pub fn tokens(ctx: &Context, tokens: Result<TokenReply, Error>) {
    match tokens {
        Ok(reply) => match reply.format {
            Format::Resp => map_of_tokens(ctx, &reply),
            Format::Json => bulk(ctx, &json::token_response(&reply)),
        },
        Err(why) => refuse(ctx, why),
    }
}

/// Sends the members in the documented order.
fn map_of_tokens(ctx: &Context, TokenReply { access, members, .. }: &TokenReply) {
    let evicted = members.evicted.as_ref();
    map(ctx, if evicted.is_some() { 6 } else { 5 });
    bulk(ctx, b"access_token");
    bulk(ctx, access.text());
    bulk(ctx, b"expires_in");
    send(ctx, &Value::number(members.expires_in));
    bulk(ctx, b"refresh_token");
    bulk(ctx, members.refresh_token.as_bytes());
    bulk(ctx, b"refresh_expires_in");
    send(ctx, &Value::number(members.refresh_expires_in));
    bulk(ctx, b"session_id");
    send_sid(ctx, &members.session_id);
    if let Some(evicted) = evicted {
        bulk(ctx, b"evicted");
        array(ctx, evicted.len());
        evicted.iter().for_each(|sid| send_sid(ctx, sid));
    }
}

fn send_sid(ctx: &Context, sid: &Uuid) {
    bulk(ctx, sid.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
}
