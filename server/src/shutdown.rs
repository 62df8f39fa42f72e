//! The wish to stop: SIGTERM, SIGINT, or a terminal that is gone.

use hallpass_admin::failure::{Failure, Outcome};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Listens for SIGTERM and SIGINT from now on. Either cancels the token, as anyone else may who has it.
pub fn on_signals() -> Outcome<CancellationToken> {
    let no_handler = |error| Failure::new(format!("cannot handle signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(no_handler)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_handler)?;
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
