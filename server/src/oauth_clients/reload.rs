//! Reloads the clients file on SIGHUP.

use super::authentication::Clients;
use anyhow::{Context, Result};
use hallpass_admin::clients::Client;
use hallpass_admin::error::one_line;
use std::io::{IsTerminal, stdin};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Replaces `clients` by the result of `read` on every SIGHUP, and logs it. If reading fails, the clients stay as they
/// are. If the SIGHUP comes from a terminal that is gone, the server stops, as any other program would.
pub fn on_hangup(
    clients: Clients,
    read: impl Fn() -> Result<Vec<Client>> + Send + 'static,
    shutdown: CancellationToken,
) -> Result<()> {
    let mut hangups = signal(SignalKind::hangup()).context("cannot handle signals")?;
    let had_terminal = stdin().is_terminal();
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            if had_terminal && !stdin().is_terminal() {
                tracing::info!("stopping: the terminal is gone");
                shutdown.cancel();
                break;
            }
            match read() {
                Ok(found) => {
                    tracing::info!(clients = found.len(), "SIGHUP: the clients file was read again");
                    clients.replace(found);
                }
                Err(error) => tracing::error!("SIGHUP: the clients stay as they are: {}", one_line(&error)),
            }
        }
    });
    Ok(())
}
