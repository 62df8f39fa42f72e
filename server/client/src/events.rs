//! The channel on which the module publishes security events.

use crate::contract::EVENTS;
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::limits::{CONNECT, EVENTS_BEAT, EVENTS_PACE, RESPONSE};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ErrorKind, FromRedisValue, PushInfo, PushKind, RedisError, RedisResult, cmd,
};
use std::convert::Infallible;
use std::mem::replace;
use std::sync::Arc;
use tokio::time::sleep;

/// What a listener to security events is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An event, as it was published.
    Event(String),
    /// There is no connection, so that events may be missing before the next one.
    Gap,
}

/// Whoever is told.
pub type Listener = Arc<dyn Fn(Notice) + Send + Sync>;

impl Hallpass {
    /// Tells `listener` of every security event, over one connection of its own, which is made again when it is lost. Calls
    /// `begun` after the first attempt, from which on nothing is missed unless it failed, and goes on until it is dropped.
    /// `listener` must not block. Needs the right to `SUBSCRIBE` to `hallpass:events`.
    pub async fn follow_events(&self, listener: Listener, begun: impl FnOnce()) {
        let mut connected = self.listen(0, &listener).await;
        begun();
        let mut is_told = false;
        for attempt in 1.. {
            is_told &= connected.is_err();
            let error = match connected {
                Ok(connection) => beat(connection).await,
                Err(error) => error,
            };
            if !replace(&mut is_told, true) {
                tracing::warn!("security events are not heard: {}", CommandError::of(error));
                listener(Notice::Gap);
            }
            sleep(EVENTS_PACE).await;
            connected = self.listen(attempt, &listener).await;
        }
    }

    /// Connects to a node and begins to listen there. Every node of a cluster hears what is published at any.
    async fn listen(&self, attempt: usize, listener: &Listener) -> RedisResult<MultiplexedConnection> {
        // Any command looks for the primary, where that has changed.
        self.connection.send(&cmd("PING")).await?;
        let mut clients = vec![];
        self.connection.each_node(|node| clients.push(node.client().clone()));
        let client =
            clients.get(attempt % clients.len().max(1)).ok_or((ErrorKind::Io, "no node is known"))?;
        let hear = Arc::clone(listener);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(RESPONSE))
            .set_push_sender(move |push| {
                message(push).map(Notice::Event).into_iter().for_each(&*hear);
                Ok::<_, Infallible>(())
            });
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        connection.subscribe(EVENTS).await?;
        Ok(connection)
    }
}

/// Asks for a sign of life until none comes, and returns why: a silent channel looks like a dead one.
async fn beat(mut connection: MultiplexedConnection) -> RedisError {
    loop {
        sleep(EVENTS_BEAT).await;
        if let Err(error) = cmd("PING").exec_async(&mut connection).await {
            return error;
        }
    }
}

/// Reads the text of a message; `None` for any other push.
fn message(push: PushInfo) -> Option<String> {
    let text = push.data.into_iter().nth(1).filter(|_| push.kind == PushKind::Message)?;
    String::from_redis_value(text).ok()
}
