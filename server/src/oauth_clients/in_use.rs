//! The clients that the flags of `serve` name.

use super::authentication::Clients;
use super::reload::on_hangup;
use crate::cli::Serve;
use anyhow::{Context, Result, bail};
use hallpass_admin::clients::{Client, Scope, SecretHash, load};
use hallpass_admin::error::cannot;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Reads the clients, now and at every SIGHUP: those of the file and, with the secret of a private Redis, `local`.
pub fn clients_in_use(
    flags: &Serve,
    local_secret: Option<SecretHash>,
    shutdown: &CancellationToken,
) -> Result<Clients> {
    let (file, data_dir) = (flags.clients_file.clone(), flags.data_dir.clone());
    let read = move || {
        let mut found = load_clients(file.as_deref(), &data_dir)?;
        if let Some(secret) = &local_secret {
            found.push(local_client(&found, secret.clone())?);
        }
        Ok(found)
    };
    let clients = Clients::new(read()?);
    on_hangup(clients.clone(), read, shutdown.clone())?;
    Ok(clients)
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

/// Reads the clients file. A file that was named must be there; the default one may be missing.
fn load_clients(file: Option<&Path>, data_dir: &Path) -> Result<Vec<Client>> {
    match file {
        Some(path) => load(path)?.context("it does not exist").with_context(cannot("read", path)),
        None => Ok(load(&data_dir.join("clients.json"))?.unwrap_or_default()),
    }
}
