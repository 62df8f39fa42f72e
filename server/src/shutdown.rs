//! Graceful shutdown: on SIGTERM, on SIGINT, or when the terminal is gone.

use crate::systemd;
use anyhow::{Context, Result};
use std::io::{IsTerminal, stdin};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Listens for SIGTERM and SIGINT from now on. Returns a token that is cancelled by either of them, or when the
/// terminal is gone.
pub fn on_signals() -> Result<CancellationToken> {
    let no_handler = "cannot handle signals";
    let mut terminate = signal(SignalKind::terminate()).context(no_handler)?;
    let mut interrupt = signal(SignalKind::interrupt()).context(no_handler)?;
    let hangups = signal(SignalKind::hangup()).context(no_handler)?;
    let shutdown = CancellationToken::new();
    let trigger = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("stopping: SIGTERM"),
            _ = interrupt.recv() => tracing::info!("stopping: SIGINT"),
            () = terminal_is_gone(hangups) => tracing::info!("stopping: the terminal is gone"),
        }
        systemd::notify("STOPPING=1");
        trigger.cancel();
    });
    Ok(shutdown)
}

/// Waits for the SIGHUP of a terminal that is gone. Any other SIGHUP asks to read files again.
async fn terminal_is_gone(mut hangups: Signal) {
    let had_terminal = stdin().is_terminal();
    while hangups.recv().await.is_some() {
        if had_terminal && !stdin().is_terminal() {
            return;
        }
    }
}
