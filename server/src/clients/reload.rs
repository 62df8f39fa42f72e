//! SIGHUP: the clients file is read again.

use super::{Client, Clients};
use crate::failure::{Failure, Outcome};
use tokio::signal::unix::{SignalKind, signal};

/// Replaces `clients` by what `read` finds, at every SIGHUP from now on. What cannot be read changes nothing. Either way
/// one line in the log says so.
pub fn on_hangup(clients: Clients, read: impl Fn() -> Outcome<Vec<Client>> + Send + 'static) -> Outcome<()> {
    let mut hangups = signal(SignalKind::hangup())
        .map_err(|error| Failure::new(format!("cannot handle signals: {error}")))?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            match read() {
                Ok(found) => {
                    tracing::info!("SIGHUP: the clients file was read again, {} clients", found.len());
                    clients.replace(found);
                }
                Err(failure) => tracing::error!("SIGHUP: the clients stay as they are: {failure}"),
            }
        }
    });
    Ok(())
}
