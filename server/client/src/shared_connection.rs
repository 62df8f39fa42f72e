//! A connection that many share. It is made by the first command, and again by the next one after it was lost or refused.

use crate::limits::{CONNECT, RESPONSE};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, RedisResult, Value, pipe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// A multiplexed connection to one server.
pub struct SharedConnection {
    client: Client,
    /// Makes a lost connection again, but not one whose handshake was refused, as with a wrong password: it keeps that
    /// refusal as its answer to everything, so another one takes its place.
    manager: RwLock<Arc<ConnectionManager>>,
    is_silent: AtomicBool,
}

impl SharedConnection {
    /// Prepares the connection. Must be called inside a tokio runtime.
    pub fn new(client: &Client) -> RedisResult<Self> {
        let manager = RwLock::new(Arc::new(manager(client)?));
        Ok(Self { client: client.clone(), manager, is_silent: AtomicBool::new(false) })
    }

    /// Sends a command, and again if the connection was refused: nothing was sent then, and the refusal may be that of an
    /// attempt made while Redis was still away.
    pub async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let attempt = || self.over(async |mut manager| manager.send_packed_command(command).await);
        let answer = match attempt().await {
            Err(error) if error.is_connection_refusal() => attempt().await,
            result => result,
        };
        checked(answer?)
    }

    /// Sends a command for a slot that is on its way to this node. Both commands go out as one, since others share the
    /// connection.
    pub async fn send_asking(&self, command: &Cmd) -> RedisResult<Value> {
        let mut both = pipe();
        both.cmd("ASKING").add_command(command.clone());
        let answers = self.over(async |mut manager| manager.send_packed_commands(&both, 1, 1).await).await?;
        checked(answers.into_iter().next().unwrap_or(Value::Nil))
    }

    /// Returns whether the last command got no answer.
    pub fn is_silent(&self) -> bool {
        self.is_silent.load(Ordering::Relaxed)
    }

    /// Makes one attempt over the connection. An error is never the answer to a command.
    async fn over<T>(&self, send: impl AsyncFnOnce(ConnectionManager) -> RedisResult<T>) -> RedisResult<T> {
        let used = Arc::clone(&self.manager.read().unwrap_or_else(PoisonError::into_inner));
        let result = send(ConnectionManager::clone(&used)).await;
        let is_lost = matches!(&result, Err(error) if error.is_io_error());
        self.is_silent.store(is_lost, Ordering::Relaxed);
        if result.is_err() && !is_lost {
            self.replace(&used);
        }
        result
    }

    /// Puts a new manager in the place of this one, unless somebody else has.
    fn replace(&self, used: &Arc<ConnectionManager>) {
        let mut current = self.manager.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, used)
            && let Ok(manager) = manager(&self.client)
        {
            *current = Arc::new(manager);
        }
    }
}

/// Prepares a manager. Callers do not wait for Redis to come back; each of them triggers the next attempt.
fn manager(client: &Client) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(RESPONSE))
        .set_pipeline_buffer_size(1024);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

/// Returns the answer, unless it is an error. No command that is sent answers with errors inside of something else.
pub fn checked(answer: Value) -> RedisResult<Value> {
    match answer {
        Value::ServerError(error) => Err(error.into()),
        answer => Ok(answer),
    }
}
