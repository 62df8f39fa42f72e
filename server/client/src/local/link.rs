//! One connection to a node that asks and listens, for as long as the node is known: it is made again when it is lost.

use super::answers::{Beat, Ticket};
use super::heartbeat::Heart;
use super::moment::Moment;
use super::question::Question;
use super::settings::Settings;
use super::store::Store;
use super::tracking::listening_connection;
use crate::contract::code;
use crate::error::missing_right;
use crate::limits::{HEARTBEAT, LISTEN_PACE, REFUSED_PACE};
use redis::aio::MultiplexedConnection;
use redis::{Client, ErrorKind, RedisError, RedisResult};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// A connection that asks and listens, and what it has been answered.
pub struct Link {
    shared: Arc<Shared>,
    listening: AbortHandle,
}

struct Shared {
    address: String,
    client: Client,
    /// The host of a node of a cluster.
    cluster_host: Option<String>,
    store: Store,
    /// Set after the store has heard of the connection, and taken away before it hears of the loss: so a question that
    /// the store allowed goes over the connection that it was allowed for, or over a later one.
    connection: RwLock<Option<MultiplexedConnection>>,
    is_away: AtomicBool,
    is_demoted: AtomicBool,
    was_refused: AtomicBool,
}

/// What is kept of the tokens that one node has verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeCache {
    /// `host:port`, or the path of a socket.
    pub node: String,
    /// True while the node tells of changes. While it is false, it is asked about every token.
    pub is_listening: bool,
    /// The number of kept answers.
    pub entries: usize,
    /// The bytes that they take.
    pub bytes: usize,
    /// How often a kept answer was used.
    pub hits: u64,
    /// How often a stale one was used.
    pub stale_hits: u64,
}

impl Link {
    /// Begins to connect, in the background. Must be called inside a tokio runtime.
    pub fn start(
        address: &str,
        client: Client,
        cluster_host: Option<String>,
        settings: Arc<Settings>,
    ) -> Self {
        let shared = Arc::new(Shared {
            address: address.to_owned(),
            client,
            cluster_host,
            store: Store::new(settings),
            connection: RwLock::new(None),
            is_away: AtomicBool::new(false),
            is_demoted: AtomicBool::new(false),
            was_refused: AtomicBool::new(false),
        });
        let listening = tokio::spawn(listen(Arc::clone(&shared))).abort_handle();
        Self { shared, listening }
    }

    /// Returns what was answered so far.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Begins a question about the subject with this key. Returns `None` while the connection is not up; the question must
    /// then be asked in another way, and its answer is not kept.
    pub fn ask(&self, question: &Question, key: &str) -> Option<(Ticket, MultiplexedConnection)> {
        let ticket = self.shared.store.ask(question, key, Moment::now())?;
        let connection = self.shared.connection.read().unwrap_or_else(PoisonError::into_inner);
        Some((ticket, connection.clone()?))
    }

    /// Returns whether the node did not answer when it was last tried.
    pub fn is_away(&self) -> bool {
        self.shared.is_away.load(Ordering::Relaxed)
    }

    /// Returns whether the node said last that it is not a primary.
    pub fn is_demoted(&self) -> bool {
        self.shared.is_demoted.load(Ordering::Relaxed)
    }

    /// Returns what is kept.
    pub fn cache(&self) -> NodeCache {
        let ((entries, bytes), (hits, stale_hits)) = (self.store().size(), self.store().uses());
        let connection = self.shared.connection.read().unwrap_or_else(PoisonError::into_inner);
        let node = self.shared.address.clone();
        NodeCache { node, is_listening: connection.is_some(), entries, bytes, hits, stale_hits }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Connects and listens, again and again.
async fn listen(shared: Arc<Shared>) {
    for number in 0.. {
        let error = match shared.connect(number).await {
            Ok((connection, heart, beat)) => shared.stay(number, connection, heart, beat).await,
            Err(error) => error,
        };
        let is_away = is_away(&error);
        shared.is_away.store(is_away, Ordering::Relaxed);
        if is_away {
            sleep(LISTEN_PACE).await;
        } else {
            shared.report_refusal(&error);
            sleep(REFUSED_PACE).await;
        }
    }
}

impl Shared {
    /// Makes connection `number`, up to its first answered heartbeat.
    async fn connect(self: &Arc<Self>, number: u64) -> RedisResult<(MultiplexedConnection, Heart, Beat)> {
        // The connection must not keep alive what keeps it alive.
        let shared = Arc::downgrade(self);
        let hear = move |heard| {
            if let Some(shared) = shared.upgrade() {
                shared.store.heard(number, &heard);
            }
        };
        let mut connection = listening_connection(&self.client, hear).await?;
        let mut heart = Heart::new(self.cluster_host.clone());
        let beat = heart.beat(&mut connection).await?;
        Ok((connection, heart, beat))
    }

    /// Keeps a connection until it is lost, and returns why.
    async fn stay(
        &self,
        number: u64,
        mut connection: MultiplexedConnection,
        mut heart: Heart,
        first: Beat,
    ) -> RedisError {
        self.is_away.store(false, Ordering::Relaxed);
        self.was_refused.store(false, Ordering::Relaxed);
        self.is_demoted.store(!first.standing.is_primary, Ordering::Relaxed);
        self.store.connected(number, first);
        self.set_connection(Some(connection.clone()));
        let error = self.beat(number, &mut connection, &mut heart).await;
        self.set_connection(None);
        self.store.lost(number);
        error
    }

    /// Sends heartbeats until one fails, and returns why.
    async fn beat(
        &self,
        number: u64,
        connection: &mut MultiplexedConnection,
        heart: &mut Heart,
    ) -> RedisError {
        let mut pace = interval(HEARTBEAT);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            match heart.beat(connection).await {
                Ok(beat) => {
                    // All pushes that came before it were applied where they were read.
                    self.store.beat(number, beat);
                    self.is_demoted.store(!beat.standing.is_primary, Ordering::Relaxed);
                }
                Err(error) => return error,
            }
        }
    }

    fn set_connection(&self, connection: Option<MultiplexedConnection>) {
        *self.connection.write().unwrap_or_else(PoisonError::into_inner) = connection;
    }

    /// Warns that nothing is kept, once until it has worked again.
    fn report_refusal(&self, error: &RedisError) {
        if !self.was_refused.swap(true, Ordering::Relaxed) {
            let why = match error.code() {
                Some(code::NOPERM) => missing_right(error.detail().unwrap_or_default()),
                Some(code) => format!("it answered {code}"),
                None => error.to_string(),
            };
            tracing::warn!(
                "every token is asked about each time, since {} cannot be listened to: {why}",
                self.address
            );
        }
    }
}

/// Returns whether the server gave no answer, or one that it gives for a while.
pub fn is_away(error: &RedisError) -> bool {
    match error.code() {
        Some(code) => code::NOT_NOW.contains(&code),
        None => error.kind() == ErrorKind::Io,
    }
}
