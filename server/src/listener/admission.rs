//! Limits who may connect. Each address has a bounded share of the connections, and a few are reserved for the
//! operator, so that health and metrics answer during a flood.

use crate::metrics::{Connections, OpenConnection};
use crate::middleware::MiddlewareState;
use crate::middleware::shares::{Share, Shares};
use crate::middleware::source::{Peer, Source};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most connections at a time, if the limit on open files allows it; more wait in the kernel's queue.
pub const MAX_CONNECTIONS: usize = 4096;
/// The number of addresses that can hold all connections together.
const SHARES: usize = 8;
/// The connections that are reserved for the operator.
const RESERVE: usize = 64;
/// Those of them that one address may hold.
const SHARE_OF_RESERVE: usize = 4;
/// The least time from one log line to the next.
const WARNING_PACE: Duration = Duration::from_secs(60);

/// The admission to one socket.
pub struct Admission {
    state: Arc<MiddlewareState>,
    slots: Arc<Semaphore>,
    share: usize,
    reserve: usize,
    held: Shares,
    reserved: Shares,
    warnings: Warnings,
}

/// A connection that was let in, until this is dropped.
pub struct Admitted {
    /// Its peer.
    pub peer: Peer,
    _open: OpenConnection,
    _share: Option<Share>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Admission {
    /// Admits this many connections, and a few more for the operator if there are routes for the operator.
    pub fn new(state: Arc<MiddlewareState>, connections: usize, is_for_operator: bool) -> Self {
        let reserve = if is_for_operator { RESERVE } else { 0 };
        Self {
            state,
            slots: Arc::new(Semaphore::new(connections + reserve)),
            share: (connections / SHARES).max(1),
            reserve,
            held: Shares::default(),
            reserved: Shares::default(),
            warnings: Warnings::default(),
        }
    }

    /// Waits until there is room for another connection.
    pub async fn room(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed, so a permit always comes.
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    /// Admits a connection; `None` if its address already holds its share. Trusted proxies, which forward the requests
    /// of many, are not limited.
    pub fn admit(&self, address: Option<IpAddr>, slot: Option<OwnedSemaphorePermit>) -> Option<Admitted> {
        let is_reserved = self.slots.available_permits() < self.reserve;
        let share = match address.filter(|_| !self.state.proxies.trusts(address)) {
            None => None,
            Some(address) => Some(self.take_share(Source::of(address.to_canonical()), is_reserved)?),
        };
        if is_reserved {
            self.warnings
                .warn("all connections are taken; only routes for the operator are answered on more");
        }
        let peer = Peer { address, is_reserved };
        let open = self.connections().open();
        Some(Admitted { peer, _open: open, _share: share, _slot: slot })
    }

    fn take_share(&self, source: Source, is_reserved: bool) -> Option<Share> {
        let (shares, limit) =
            if is_reserved { (&self.reserved, SHARE_OF_RESERVE) } else { (&self.held, self.share) };
        let share = shares.take(source, limit);
        if share.is_none() {
            self.connections().refuse();
            self.warnings.warn("one address has its share of the connections; more of it are closed");
        }
        share
    }

    fn connections(&self) -> &Connections {
        &self.state.metrics.connections
    }
}

/// Log lines, limited in number, so that a flood of connections does not flood the log.
#[derive(Default)]
struct Warnings {
    last: Mutex<Option<Instant>>,
    /// The occasions since the last line.
    count: AtomicU64,
}

impl Warnings {
    fn warn(&self, text: &str) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let Ok(mut last) = self.last.lock() else { return };
        if last.is_none_or(|last| last.elapsed() >= WARNING_PACE) {
            *last = Some(Instant::now());
            self.count.store(0, Ordering::Relaxed);
            tracing::warn!(count, "{text}");
        }
    }
}
