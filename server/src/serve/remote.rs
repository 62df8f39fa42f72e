//! Serving with the Redis that `--redis-url` names. When that is away at the start, every request is answered 503 until it
//! is there; one that does not fit ends the server.

use super::sockets::Sockets;
use super::{PACE, adopt, check_issuer, follow_events, follow_settings, redis, state, store};
use crate::cli::Serve;
use crate::embedded::greeting;
use crate::listener;
use crate::metrics::Metrics;
use crate::oauth_clients::clients_in_use;
use crate::state::AppState;
use crate::systemd;
use anyhow::{Result, bail};
use hallpass_client::{Address, CommandError, ModuleInfo};
use std::sync::Arc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Serves until the server is stopped.
pub async fn serve(flags: &Serve, url: &str, shutdown: &CancellationToken) -> Result<()> {
    let address = redis::address(flags, url)?;
    let metrics = Metrics::new();
    let store = store(&address, &redis::security(flags)?, &metrics)?;
    let clients = clients_in_use(flags, None)?;
    let has_clients = !clients.is_empty();
    let sockets = Sockets::bind(flags).await?;
    let state = Arc::new(state(flags, store, metrics, clients)?);
    let has_console = sockets.console_address()?.is_some();
    let mut waiting = Waiting { flags, address: &address, state: &state, has_console, told: None };
    let is_found = waiting.look().await?;
    if !has_clients {
        tracing::warn!("no clients, so nobody can issue sessions here: see `hallpass-server clients add`");
    }
    greeting::print_listening(
        &sockets,
        state.module().ok().and_then(|module| module.info.issuer.as_deref()),
    )?;
    let (public, admin) = sockets.doors(&state);
    systemd::notify("READY=1");
    let mut failure = Ok(());
    let stop = async {
        tokio::select! {
            () = shutdown.cancelled() => {}
            error = waiting.find(is_found) => failure = Err(error),
        }
        state.events.end();
    };
    listener::run(public, admin, stop).await;
    failure
}

/// Looks for Redis until it is there.
struct Waiting<'a> {
    flags: &'a Serve,
    address: &'a Address,
    state: &'a Arc<AppState>,
    /// Whether somebody wants to see the security events.
    has_console: bool,
    /// Why Redis could not be used, as far as the log says.
    told: Option<String>,
}

impl Waiting<'_> {
    /// Looks until Redis is there, and then for events and changed settings. Returns only if it does not fit.
    async fn find(&mut self, mut is_found: bool) -> anyhow::Error {
        while !is_found {
            sleep(PACE).await;
            match self.look().await {
                Ok(found) => is_found = found,
                Err(error) => return error,
            }
        }
        if self.has_console {
            drop(follow_events(self.state));
        }
        follow_settings(self.state).await
    }

    /// Looks once. Returns whether Redis is there, and fails if it does not fit.
    async fn look(&mut self) -> Result<bool> {
        match self.state.store.find_module().await {
            Ok(Some(module)) => {
                check_kind(self.address, &module)?;
                check_issuer(&module, self.flags.issuer.as_deref())?;
                adopt(self.state, module)?;
                if self.told.is_some() {
                    tracing::info!("Redis is there");
                }
                Ok(true)
            }
            Ok(None) => bail!("the hallpass module is not loaded in this Redis"),
            Err(error) => {
                self.tell(&error);
                Ok(false)
            }
        }
    }

    /// Logs why Redis cannot be used, once for each reason.
    fn tell(&mut self, error: &CommandError) {
        let reason = match error {
            CommandError::Unavailable(reason) => reason.clone(),
            other => other.to_string(),
        };
        if self.told.as_ref() != Some(&reason) {
            tracing::warn!("waiting for Redis, and answering 503 until it is there: {reason}");
            self.told = Some(reason);
        }
    }
}

/// Checks that the address and the server agree on being a cluster: a single node refuses most users' commands.
fn check_kind(address: &Address, module: &ModuleInfo) -> Result<()> {
    match (address, module.is_cluster) {
        (Address::Cluster(_), false) => {
            bail!("--redis-url names a cluster, and this Redis is not one: use redis://")
        }
        (Address::Server(_) | Address::Sentinel(_), true) => {
            bail!("this Redis is a node of a cluster: use redis-cluster:// in --redis-url")
        }
        _ => Ok(()),
    }
}
