//! The wish to stop: SIGTERM, SIGINT, or a Redis that died.

use hallpass_admin::failure::{Failure, Outcome};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells any number of tasks that it is time to stop.
#[derive(Clone)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Shutdown {
    /// Listens for SIGTERM and SIGINT from now on.
    pub fn on_signals() -> Outcome<Self> {
        let no_handler = |error| Failure::new(format!("cannot handle signals: {error}"));
        let mut terminate = signal(SignalKind::terminate()).map_err(no_handler)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(no_handler)?;
        let shutdown = Self(Arc::new(watch::Sender::new(false)));
        let trigger = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => tracing::info!("stopping: SIGTERM"),
                _ = interrupt.recv() => tracing::info!("stopping: SIGINT"),
            }
            trigger.request();
        });
        Ok(shutdown)
    }

    /// Asks everybody to stop.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Resolves once somebody asked.
    pub async fn requested(&self) {
        // The sender lives in `self`, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|requested| *requested).await;
    }
}
