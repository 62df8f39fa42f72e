//! Graceful shutdown: on SIGTERM, on SIGINT, or when the terminal is gone.

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Listens for SIGTERM and SIGINT from now on. Returns the token that either of them cancels.
pub fn on_signals() -> Result<CancellationToken> {
    let no_handler = "cannot handle signals";
    let mut terminate = signal(SignalKind::terminate()).context(no_handler)?;
    let mut interrupt = signal(SignalKind::interrupt()).context(no_handler)?;
    let shutdown = CancellationToken::new();
    let trigger = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("stopping: SIGTERM"),
            _ = interrupt.recv() => tracing::info!("stopping: SIGINT"),
        }
        trigger.cancel();
    });
    Ok(shutdown)
}
