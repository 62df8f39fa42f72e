//! The AUTH commands through the `redis` crate, as an application would call them.

use std::{collections::BTreeMap, time::Duration};

use redis::{FromRedisValue, RedisError, Value};
use serde_json::Value as Json;

use super::{SOON, Tokens, wait_until};

/// A connection of the `redis` crate.
pub type Con = redis::Connection;

/// A connection of the `redis` crate to a cluster.
pub type ClusterCon = redis::cluster::ClusterConnection;

/// The answer to a command.
pub type Answer<T> = Result<T, Refusal>;

/// An error reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The first word.
    pub code: String,
    /// The rest of the line.
    pub text: String,
}

impl From<RedisError> for Refusal {
    fn from(error: RedisError) -> Self {
        Self {
            code: error.code().unwrap_or("IO").to_owned(),
            text: error.detail().map_or_else(|| error.to_string(), str::to_owned),
        }
    }
}

/// Returns the code of an answer that must be an error.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Answer<T>) -> String {
    answer.expect_err("this must be refused").code
}

/// Commands as methods of a connection.
pub trait AuthCommands {
    /// Runs any command.
    fn run<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Answer<Value>;

    /// Runs a command that must succeed and converts its reply.
    #[track_caller]
    fn get<T: FromRedisValue>(&mut self, args: &[&str]) -> T {
        let value = self.run(args).unwrap_or_else(|e| panic!("{args:?}: {e:?}"));
        redis::from_redis_value(value).expect("a reply of this type")
    }

    /// Sends `AUTH.ISSUE key …`.
    fn issue(&mut self, key: &str, options: &[&str]) -> Answer<Tokens> {
        self.run(&[&["AUTH.ISSUE", key], options].concat()).map(|reply| Tokens::from_reply(&reply))
    }

    /// Sends `AUTH.REFRESH key token …`.
    fn refresh(&mut self, key: &str, token: &str, options: &[&str]) -> Answer<Tokens> {
        self.run(&[&["AUTH.REFRESH", key, token], options].concat()).map(|reply| Tokens::from_reply(&reply))
    }

    /// Sends `AUTH.VERIFY key token …`, and parses the claims.
    fn verify(&mut self, key: &str, token: &str, options: &[&str]) -> Answer<Json> {
        let reply = self.run(&[&["AUTH.VERIFY", key, token], options].concat())?;
        let text: String = redis::from_redis_value(reply).expect("a string");
        Ok(serde_json::from_str(&text).expect("JSON"))
    }

    /// Sends `AUTH.JWKS`, and parses the reply.
    fn jwks(&mut self) -> Json {
        let text: String = self.get(&["AUTH.JWKS"]);
        serde_json::from_str(&text).expect("JSON")
    }

    /// Returns all fields of the hash at `key`.
    fn records(&mut self, key: &str) -> BTreeMap<String, Vec<u8>> {
        self.get(&["HGETALL", key])
    }

    /// Returns when `key` expires, in Unix milliseconds; a negative number if never, or if there is no key.
    fn expires_at(&mut self, key: &str) -> i64 {
        self.get(&["PEXPIRETIME", key])
    }

    /// Returns the server's clock in Unix milliseconds.
    fn now_ms(&mut self) -> i64 {
        let (seconds, micros): (i64, i64) = self.get(&["TIME"]);
        seconds * 1000 + micros / 1000
    }

    /// Waits until the server's clock has moved on by `span`.
    fn let_pass(&mut self, span: Duration) {
        let until = self.now_ms() + i64::try_from(span.as_millis()).expect("a short span");
        wait_until("the clock moves on", span + SOON, || self.now_ms() > until);
    }

    /// Returns a field of `INFO hallpass`, without its `hallpass_` prefix.
    #[track_caller]
    fn info(&mut self, field: &str) -> String {
        let text: String = self.get(&["INFO", "hallpass"]);
        let start = format!("hallpass_{field}:");
        let found = text.lines().find_map(|line| line.strip_prefix(&start));
        found.unwrap_or_else(|| panic!("no {field} in {text}")).trim().to_owned()
    }

    /// Returns a counter of `INFO hallpass`.
    #[track_caller]
    fn counter(&mut self, field: &str) -> u64 {
        self.info(field).parse().expect("a number")
    }

    /// Returns the server's `run_id`, which a crash and restart would change.
    fn run_id(&mut self) -> String {
        let text: String = self.get(&["INFO", "server"]);
        let found = text.lines().find_map(|line| line.strip_prefix("run_id:"));
        found.expect("a run_id").trim().to_owned()
    }
}

impl AuthCommands for Con {
    fn run<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Answer<Value> {
        command(args).query(self).map_err(Refusal::from)
    }
}

impl AuthCommands for ClusterCon {
    fn run<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Answer<Value> {
        command(args).query(self).map_err(Refusal::from)
    }
}

fn command<A: AsRef<[u8]>>(args: &[A]) -> redis::Cmd {
    let mut command = redis::Cmd::new();
    for arg in args {
        command.arg(arg.as_ref());
    }
    command
}
