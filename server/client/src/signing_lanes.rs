//! Connections for commands whose answer is signed slowly. While Redis waits for an RSA signature it reads nothing
//! further from that client, so on a shared connection every other command would wait for every signature.

use crate::contract::field;
use crate::shared_connection::SharedConnection;
use redis::{Client, Cmd, RedisResult, Value};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The number of lanes: each waits for one signature at a time. They connect when they are first used.
const LANES: usize = 8;
/// The longest signature that is made at once: 86 characters of EdDSA and ES256. An RSA signature has 342 or more.
const MAX_FAST_SIGNATURE: usize = 128;

/// The lanes of one server.
pub struct SigningLanes {
    lanes: Vec<Lane>,
    /// Whether the last token seen was signed slowly. Until then nothing is known, and keys change seldom.
    are_needed: AtomicBool,
}

/// A connection, and the number of commands that wait for its answers.
struct Lane {
    connection: SharedConnection,
    waiting: AtomicUsize,
}

impl SigningLanes {
    /// Prepares the connections.
    pub fn new(client: &Client) -> RedisResult<Self> {
        let lane = |_| Ok(Lane { connection: SharedConnection::new(client)?, waiting: AtomicUsize::new(0) });
        let lanes = (0..LANES).map(lane).collect::<RedisResult<_>>()?;
        Ok(Self { lanes, are_needed: AtomicBool::new(false) })
    }

    /// Sends a command over the lane that is least busy, or over `main` while signatures are fast.
    pub async fn send(&self, command: &Cmd, main: &SharedConnection) -> RedisResult<Value> {
        let lane = self.lanes.iter().min_by_key(|lane| lane.waiting.load(Ordering::Relaxed));
        let answer = match lane.filter(|_| self.are_needed.load(Ordering::Relaxed)) {
            Some(lane) => lane.send(command).await,
            None => main.send(command).await,
        };
        if let Some(token) = answer.as_ref().ok().and_then(access_token) {
            self.are_needed.store(is_signed_slowly(token), Ordering::Relaxed);
        }
        answer
    }
}

impl Lane {
    async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let _waiting = Waiting::new(&self.waiting);
        self.connection.send(command).await
    }
}

/// Counts a command as waiting until it is dropped, which also happens if its caller gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns the access token of an answer, a map or the JSON text of one, in which it is the first member.
fn access_token(answer: &Value) -> Option<&[u8]> {
    match answer {
        Value::Map(pairs) => {
            let is_named = |name: &Value| matches!(name, Value::BulkString(name) if name == field::ACCESS_TOKEN.as_bytes());
            pairs.iter().find(|(name, _)| is_named(name)).and_then(|(_, value)| bytes(value))
        }
        json => bytes(json)?.split(|&byte| byte == b'"').nth(3),
    }
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

fn is_signed_slowly(token: &[u8]) -> bool {
    token.rsplit(|&byte| byte == b'.').next().is_some_and(|signature| signature.len() > MAX_FAST_SIGNATURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn the_access_token_is_found_in_a_map_and_in_json() {
        let map = Value::Map(vec![
            (bulk("expires_in"), Value::Int(900)),
            (bulk(field::ACCESS_TOKEN), bulk("a.b.c")),
        ]);
        let json = bulk(r#"{"access_token":"a.b.c","token_type":"Bearer"}"#);
        for answer in [map, json] {
            assert_eq!(access_token(&answer), Some(&b"a.b.c"[..]));
        }
        assert_eq!(access_token(&Value::Okay), None);
    }

    #[test]
    fn a_signature_is_slow_when_it_is_as_long_as_one_of_rsa() {
        let token = |length: usize| format!("head.payload.{}", "x".repeat(length)).into_bytes();
        for (length, is_slow) in [(43, false), (86, false), (342, true), (683, true)] {
            assert_eq!(is_signed_slowly(&token(length)), is_slow, "{length}");
        }
    }
}
