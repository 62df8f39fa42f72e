//! Serving with a private Redis in the data directory, which starts and stops with the server.

use super::sockets::Sockets;
use super::{PACE, adopt, check_issuer, follow_events, follow_settings, state, store};
use crate::cli::Serve;
use crate::demo::Demo;
use crate::embedded::{DataDir, Redis, greeting};
use crate::listener::{self, address::ListenAddress};
use crate::metrics::Metrics;
use crate::oauth_clients::{Clients, clients_in_use};
use crate::state::AppState;
use crate::systemd;
use crate::watched_file::WatchedFile;
use anyhow::{Result, ensure};
use hallpass_admin::clients::SecretHash;
use hallpass_client::{CommandError, Security};
use hallpass_engine::keys::Algorithm;
use std::sync::Arc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Serves until the server is stopped or Redis dies.
pub async fn serve(flags: &Serve, shutdown: &CancellationToken) -> Result<()> {
    let directory = DataDir::open(&flags.data_dir)?;
    let sockets = Sockets::bind(flags).await?;
    let issuer = issuer(flags, &sockets.public_address()?);
    let secret = directory.prepare_secrets(flags.alg.unwrap_or(Algorithm::EdDSA))?;
    let clients = clients_in_use(flags, Some(SecretHash::of(secret.reveal())))?;
    let mut redis = Redis::start(&directory, flags, &issuer).await?;
    let serving = Serving { flags, shutdown, clients, sockets };
    let outcome = serving.run(&directory, &mut redis, &issuer).await;
    redis.stop().await;
    outcome
}

/// Returns the issuer: the address of the server, unless another one is given.
fn issuer(flags: &Serve, address: &ListenAddress) -> String {
    if let Some(issuer) = &flags.issuer {
        return issuer.clone();
    }
    let issuer = format!("http://{address}");
    if matches!(address, ListenAddress::Tcp(address) if address.ip().is_unspecified()) {
        tracing::warn!(
            "the issuer is {issuer}, which is nobody's address: set --issuer to the one that others use"
        );
    }
    issuer
}

/// A private Redis that has been started, and what it takes to serve with it.
struct Serving<'a> {
    flags: &'a Serve,
    shutdown: &'a CancellationToken,
    clients: Clients,
    sockets: Sockets,
}

impl Serving<'_> {
    /// Waits until Redis is ready, then serves until the server is stopped or Redis dies.
    async fn run(self, directory: &DataDir, redis: &mut Redis, issuer: &str) -> Result<()> {
        let metrics = Metrics::new();
        let store = store(&directory.redis_address()?, &Security::default(), &metrics)?;
        let keyring = WatchedFile::new(directory.path("keyring.json"));
        let module = tokio::select! {
            module = redis.ready(&store) => module?,
            () = self.shutdown.cancelled() => return Ok(()),
        };
        check_issuer(&module, Some(issuer))?;
        let state = Arc::new(state(self.flags, store, metrics, self.clients)?);
        adopt(&state, module)?;
        reload_when_changed(keyring, &state)?;
        if self.sockets.console_address()?.is_some() {
            // Nothing that happens from now on is missed.
            let _ = follow_events(&state).await;
        }
        let demo = if self.flags.demo { Some(Demo::begin(&state).await?) } else { None };
        greeting::print_embedded(&self.sockets, issuer, directory, self.flags.demo)?;
        let (public, admin) = self.sockets.doors(&state);
        systemd::notify("READY=1");
        let mut died = false;
        let stop = async {
            tokio::select! {
                () = redis.exited() => died = true,
                () = self.shutdown.cancelled() => {}
                never = follow_settings(&state) => never,
            }
            state.events.end();
        };
        listener::run(public, admin, stop).await;
        if let Some(demo) = demo {
            demo.end().await;
        }
        // A supervisor restarts both. Alone, the server could only answer 503 from now on.
        let log = directory.shown("redis.log");
        ensure!(!died, "the private redis-server has died: see {}", log.display());
        Ok(())
    }
}

/// Lets the module read its keyring again when that has changed.
fn reload_when_changed(keyring: WatchedFile, state: &Arc<AppState>) -> Result<()> {
    let state = Arc::clone(state);
    keyring.on_change(move |why| {
        let state = Arc::clone(&state);
        async move {
            let mut outcome = state.store.reload().await;
            // A Redis that has no time for it now reads it later.
            while let Err(CommandError::Unavailable(_)) = outcome {
                sleep(PACE).await;
                outcome = state.store.reload().await;
            }
            match outcome {
                Ok(()) => tracing::info!("{why}: the module has read the keyring again"),
                Err(error) => tracing::error!("{why}: the keyring in use stays: {error}"),
            }
        }
    })
}
