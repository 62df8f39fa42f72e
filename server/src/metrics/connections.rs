//! The connections of clients.

use super::text::Text;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The number of connections.
#[derive(Default)]
pub struct Connections {
    open: Arc<AtomicUsize>,
    refused: AtomicU64,
}

impl Connections {
    /// Counts a connection as open until the guard is dropped.
    pub fn open(&self) -> OpenConnection {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(&self.open))
    }

    /// Counts a connection that was closed at once.
    pub fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Appends both metrics.
    pub fn render(&self, text: &mut Text) {
        text.family("hallpass_http_connections", "gauge", "Connections of clients that are open.");
        text.sample("hallpass_http_connections", &[], self.open.load(Ordering::Relaxed));
        let help = "Connections closed at once because their address has its share.";
        text.family("hallpass_http_connections_refused_total", "counter", help);
        text.sample("hallpass_http_connections_refused_total", &[], self.refused.load(Ordering::Relaxed));
    }
}

/// A guard for an open connection.
pub struct OpenConnection(Arc<AtomicUsize>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
