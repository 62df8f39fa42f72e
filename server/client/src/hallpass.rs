//! Sends commands: each within its time limit, timed for an observer, and with a line in the log when Redis is away.

use crate::address::Address;
use crate::connection::Connection;
use crate::contract::command;
use crate::error::CommandError;
use crate::limits::{CALL, WARNING_PACE};
use crate::local::{Link, NodeCache, Settings, VerifyCache};
use crate::request::{key, name};
use crate::security::Security;
use redis::{Cmd, FromRedisValue, RedisError, Value};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A Redis with the module, as one value that all tasks share.
pub struct Hallpass {
    pub(crate) connection: Connection,
    last_warning: Mutex<Option<Instant>>,
    observer: Option<Arc<dyn Observer>>,
    /// What is kept of verified tokens, if anything is.
    cache: Option<Arc<Settings>>,
}

/// Is told how long each command took.
pub trait Observer: Send + Sync {
    /// Takes note of a command: `outcome` is `ok`, `refused` or `unavailable`.
    fn answered(&self, command: &str, outcome: &'static str, elapsed: Duration);
}

impl Hallpass {
    /// Prepares the connection, which the first command then makes. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`] for an address that makes no sense.
    pub fn new(address: &Address) -> Result<Self, CommandError> {
        Self::secured(address, &Security::default())
    }

    /// Does the same with a password or certificates that are not in the address.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`] for an address or certificates that make no sense.
    pub fn secured(address: &Address, security: &Security) -> Result<Self, CommandError> {
        let connection = Connection::new(address, security).map_err(CommandError::of)?;
        Ok(Self { connection, last_warning: Mutex::new(None), observer: None, cache: None })
    }

    /// Lets a [`Verifier`](crate::Verifier) keep what it was answered.
    pub fn with_verify_cache(self, cache: VerifyCache) -> Self {
        Self { cache: Settings::of(cache).map(Arc::new), ..self }
    }

    /// Tells `observer` about every command from now on.
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// Returns what is kept of verified tokens, by node.
    pub fn verify_cache(&self) -> Vec<NodeCache> {
        let mut all = vec![];
        self.connection.each_node(|node| all.extend(node.known_link().map(Link::cache)));
        all
    }

    /// Calls `use_link` with the connection that listens to the node in charge of a key, where there may be one.
    pub(crate) fn with_link<R>(
        &self,
        key: impl FnOnce() -> Option<String>,
        use_link: impl FnOnce(&Arc<Link>) -> R,
    ) -> Option<R> {
        let settings = self.cache.as_ref()?;
        let is_cluster = self.connection.is_cluster();
        self.connection.with_node(key, |node| use_link(node.link(settings, is_cluster)))
    }

    /// Logs an outage, but not once per command. Commands that say so leave this to their caller.
    pub fn report(&self, error: &CommandError) {
        let CommandError::Unavailable(_) = error else { return };
        let Ok(mut last) = self.last_warning.lock() else { return };
        if last.is_none_or(|last| last.elapsed() >= WARNING_PACE) {
            *last = Some(Instant::now());
            tracing::warn!("{error}");
        }
    }

    /// Sends a command, reads its answer, and reports an outage.
    pub(crate) async fn call<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CommandError> {
        self.ask(command).await.inspect_err(|error| self.report(error))
    }

    /// The same for a command whose repetition is answered as a retry: when no answer came it is sent once more, within
    /// the same limit. Where a retry is not answered, the caller's own would have been one too.
    pub(crate) async fn call_repeatable<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CommandError> {
        let sent = pin!(async {
            match self.connection.send(command).await {
                Err(error) if is_unanswered(&error) => self.connection.send(command).await,
                result => result,
            }
        });
        self.timed(command, sent).await.inspect_err(|error| self.report(error))
    }

    /// Sends a command and reads its answer.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CommandError> {
        self.timed(command, pin!(self.connection.send(command))).await
    }

    /// Waits for the answer to a command, and tells the observer how long that took. `sent` is passed pinned: passed as
    /// it is, it would be kept twice in the future of every command, which is copied.
    pub(crate) async fn timed<T: FromRedisValue>(
        &self,
        command: &Cmd,
        sent: Pin<&mut impl Future<Output = Result<Value, RedisError>>>,
    ) -> Result<T, CommandError> {
        let start = Instant::now();
        let answer = in_time(sent).await;
        self.forget_changed(command);
        if let Some(observer) = &self.observer {
            observer.answered(name(command), outcome(&answer), start.elapsed());
        }
        answer
    }

    /// Drops what is kept of the subject whose sessions a command may have changed: whoever asked for that must not see
    /// them unchanged, and Redis' own word may still be on its way.
    fn forget_changed(&self, command: &Cmd) {
        let is_write = self.cache.is_some() && command::WRITES.contains(&name(command));
        if let Some(key) = key(command).filter(|_| is_write) {
            self.connection
                .each_node(|node| node.known_link().into_iter().for_each(|link| link.store().changed(key)));
        }
    }
}

/// Returns the answer to what was sent, if it comes within the limit for one call.
async fn in_time<T: FromRedisValue>(
    sent: impl Future<Output = Result<Value, RedisError>>,
) -> Result<T, CommandError> {
    match tokio::time::timeout(CALL, sent).await {
        Ok(Ok(answer)) => T::from_redis_value(answer).map_err(|_| CommandError::unexpected_answer()),
        Ok(Err(error)) => Err(CommandError::of(error)),
        Err(_) => Err(CommandError::timeout()),
    }
}

/// Returns the word for an answer that observers are told.
fn outcome<T>(answer: &Result<T, CommandError>) -> &'static str {
    match answer {
        Ok(_) => "ok",
        Err(CommandError::Unavailable(_)) => "unavailable",
        Err(_) => "refused",
    }
}

/// Returns whether a command may have been carried out although no answer came.
fn is_unanswered(error: &RedisError) -> bool {
    error.is_timeout() || (error.is_connection_dropped() && !error.is_connection_refusal())
}
