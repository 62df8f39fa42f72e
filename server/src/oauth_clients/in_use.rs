//! The clients that the flags of `serve` name: read at the start, when the file has changed, and on SIGHUP.

use super::authentication::Clients;
use crate::cli::Serve;
use crate::watched_file::WatchedFile;
use anyhow::{Result, bail};
use hallpass_admin::access;
use hallpass_admin::clients::{Client, Scope, SecretHash, load};
use hallpass_admin::error::one_line;
use std::path::PathBuf;

/// Reads the clients, now and whenever the file has changed: those of the file and, with the secret of a private Redis,
/// `local`.
pub fn clients_in_use(flags: &Serve, local_secret: Option<SecretHash>) -> Result<Clients> {
    let source = Source {
        file: flags.clients_file.clone(),
        default: flags.data_dir.join("clients.json"),
        local_secret,
    };
    let file = WatchedFile::new(source.path().clone());
    let clients = Clients::new(source.read()?);
    let changed = clients.clone();
    file.on_change(move |why| {
        read_again(&source, &changed, why);
        async {}
    })?;
    Ok(clients)
}

/// Replaces the clients by those that the source has now. If it cannot be read, they stay as they are.
fn read_again(source: &Source, clients: &Clients, why: &str) {
    match source.read() {
        Ok(found) => {
            tracing::info!(clients = found.len(), "{why}: the clients file was read again");
            clients.replace(found);
        }
        Err(error) => tracing::error!("{why}: the clients stay as they are: {}", one_line(&error)),
    }
}

/// Where the clients come from.
struct Source {
    /// The file that a flag names, which must exist.
    file: Option<PathBuf>,
    /// The default file, which may be missing.
    default: PathBuf,
    local_secret: Option<SecretHash>,
}

impl Source {
    fn path(&self) -> &PathBuf {
        self.file.as_ref().unwrap_or(&self.default)
    }

    fn read(&self) -> Result<Vec<Client>> {
        let path = self.path();
        if let Some(warning) = access::warning(path) {
            tracing::warn!("{warning}");
        }
        let mut found = match (load(path)?, &self.file) {
            (None, Some(_)) => bail!("cannot read {}: it does not exist", path.display()),
            (found, _) => found.unwrap_or_default(),
        };
        if let Some(secret) = &self.local_secret {
            found.push(local_client(&found, secret.clone())?);
        }
        Ok(found)
    }
}

/// Returns the client `local` of a private Redis: it may do everything, and its sessions are not bound to it.
fn local_client(others: &[Client], secret: SecretHash) -> Result<Client> {
    const ID: &str = "local";
    if others.iter().any(|client| client.id == ID) {
        bail!("the clients file has a client local, which the private Redis has by itself");
    }
    let secrets = vec![secret];
    Ok(Client { id: ID.into(), scopes: Scope::ALL.into(), audiences: None, confidential: false, secrets })
}
