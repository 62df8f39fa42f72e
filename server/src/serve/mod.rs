//! `serve`: checks the flags, finds or starts Redis, and serves until it is told to stop.

use crate::cli::Serve;
use crate::embedded::{DataDir, Redis, greeting};
use crate::http::cookie::CookieMode;
use crate::metrics::Metrics;
use crate::middleware::MiddlewareState;
use crate::middleware::cors::Cors;
use crate::middleware::in_flight::MAX_IN_FLIGHT;
use crate::middleware::rate_limit::RateLimit;
use crate::middleware::source::TrustedProxies;
use crate::middleware::trace;
use crate::oauth_clients::{Clients, clients_in_use};
use crate::router::router;
use crate::state::AppState;
use crate::{listener, shutdown};
use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use axum::http::Uri;
use hallpass_admin::clients::SecretHash;
use hallpass_client::{Address, CommandError, Hallpass, ModuleInfo};
use hallpass_engine::json::RESERVED_CLAIMS;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Runs the server until SIGTERM or SIGINT.
pub fn run(flags: &Serve) -> Result<()> {
    check(flags)?;
    trace::start(flags.log);
    listener::raise_file_limit();
    let runtime = tokio::runtime::Runtime::new();
    let runtime = runtime.context("cannot start the runtime")?;
    runtime.block_on(async {
        let shutdown = shutdown::on_signals()?;
        match &flags.redis_url {
            Some(url) => serve_with_url(flags, &redis_address(url)?, &shutdown).await,
            None => serve_embedded(flags, &shutdown).await,
        }
    })
}

/// Refuses flags that contradict each other or mean nothing, before anything is started.
fn check(flags: &Serve) -> Result<()> {
    if let Some(url) = &flags.redis_url {
        redis_address(url)?;
        let embedded_only = [("--module-path", &flags.module_path), ("--redis-server", &flags.redis_server)];
        if let Some((flag, _)) = embedded_only.iter().find(|(_, value)| value.is_some()) {
            bail!("{flag} is for the private Redis and contradicts --redis-url");
        }
    }
    if let Some(issuer) = flags.issuer.as_deref().filter(|issuer| !is_issuer(issuer)) {
        bail!("--issuer {issuer:?} is not an http(s) URL without query and fragment");
    }
    if flags.dev_cookie && !flags.listen.ip().is_loopback() {
        bail!("--dev-cookie is for the loopback, and --listen is {}", flags.listen);
    }
    match flags
        .verify_claims
        .iter()
        .flatten()
        .find(|name| name.is_empty() || RESERVED_CLAIMS.contains(&name.as_str()))
    {
        Some(name) => bail!("--verify-claims: {name:?} is not a custom claim"),
        None => Ok(()),
    }
}

/// Returns whether `text` can be an issuer (RFC 8414 §2).
fn is_issuer(text: &str) -> bool {
    let is_http = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    !text.contains('#') && text.parse::<Uri>().is_ok_and(|uri| is_http(&uri) && uri.query().is_none())
}

/// Serves with the Redis that `--redis-url` names.
async fn serve_with_url(flags: &Serve, address: &Address, shutdown: &CancellationToken) -> Result<()> {
    let metrics = Metrics::new();
    let store = store(address, &metrics)?;
    let module = store.module_info().await.map_err(|error| unusable(&error))?;
    check_kind(address, &module)?;
    let issuer = check_issuer(&module, flags.issuer.as_deref())?;
    let clients = clients_in_use(flags, None, shutdown)?;
    if clients.is_empty() {
        tracing::warn!("no clients, so nobody can issue sessions here: see `hallpass-server clients add`");
    }
    let state = state(flags, store, metrics, clients, module)?;
    let listener = bind(flags).await?;
    greeting::print_listening(listener.address, &issuer);
    listener::run(listener.socket, router(state), shutdown.cancelled()).await;
    Ok(())
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

/// Returns the module's issuer. It must be set and be the expected one, because verifiers refuse tokens of any other.
fn check_issuer(module: &ModuleInfo, expected: Option<&str>) -> Result<String> {
    let advice = "set hallpass.issuer in redis.conf";
    match (&module.issuer, expected) {
        (None, _) => bail!("the hallpass module of this Redis has no issuer: {advice}"),
        (Some(issuer), Some(expected)) if issuer != expected => {
            Err(anyhow!("--issuer is {expected}, but the module's issuer is {issuer}: {advice}"))
        }
        (Some(issuer), _) => Ok(issuer.clone()),
    }
}

/// Serves with a private Redis in the data directory, which starts and stops with the server.
async fn serve_embedded(flags: &Serve, shutdown: &CancellationToken) -> Result<()> {
    let directory = DataDir::open(&flags.data_dir)?;
    let listener = bind(flags).await?;
    let issuer = flags.issuer.clone().unwrap_or_else(|| format!("http://{}", listener.address));
    let secret = directory.prepare_secrets()?;
    let clients = clients_in_use(flags, Some(SecretHash::of(secret.reveal())), shutdown)?;
    let mut redis = Redis::start(&directory, flags, &issuer).await?;
    let serving = Serving { flags, shutdown, clients, listener };
    let outcome = serving.run(&directory, &mut redis, &issuer).await;
    redis.stop().await;
    outcome
}

/// A private Redis that has been started, and what it takes to serve with it.
struct Serving<'a> {
    flags: &'a Serve,
    shutdown: &'a CancellationToken,
    clients: Clients,
    listener: Listener,
}

impl Serving<'_> {
    /// Waits until Redis is ready, then serves until the server is stopped or Redis dies.
    async fn run(self, directory: &DataDir, redis: &mut Redis, issuer: &str) -> Result<()> {
        let metrics = Metrics::new();
        let store = store(&directory.redis_address()?, &metrics)?;
        let module = tokio::select! {
            module = redis.ready(&store) => module?,
            () = self.shutdown.cancelled() => return Ok(()),
        };
        check_issuer(&module, Some(issuer))?;
        let state = state(self.flags, store, metrics, self.clients, module)?;
        greeting::print_embedded(self.listener.address, issuer, directory);
        let mut died = false;
        let stop = async {
            tokio::select! {
                () = redis.exited() => died = true,
                () = self.shutdown.cancelled() => {}
            }
        };
        listener::run(self.listener.socket, router(state), stop).await;
        // A supervisor restarts both. Alone, the server could only answer 503 from now on.
        let log = directory.shown("redis.log");
        ensure!(!died, "the private redis-server has died: see {}", log.display());
        Ok(())
    }
}

/// Parses `--redis-url`.
fn redis_address(url: &str) -> Result<Address> {
    Address::parse(url).map_err(|error| anyhow!("--redis-url {error}"))
}

/// Connects to Redis, with the time that commands take in the metrics.
fn store(address: &Address, metrics: &Metrics) -> Result<Hallpass> {
    let store = Hallpass::new(address).map_err(|error| unusable(&error))?;
    Ok(store.observed_by(metrics.commands()))
}

/// Builds the state of the routes.
fn state(
    flags: &Serve,
    store: Hallpass,
    metrics: Metrics,
    clients: Clients,
    module: ModuleInfo,
) -> Result<AppState> {
    let unreadable = || anyhow!("the module's key pattern {:?} has no single *", module.key_pattern);
    let keys = module.subject_keys().ok_or_else(unreadable)?;
    Ok(AppState {
        store,
        clients,
        keys,
        module,
        verify_claims: flags.verify_claims.clone(),
        me_auth_age: flags.me_auth_age,
        cookies: CookieMode::new(flags.dev_cookie),
        middleware: Arc::new(MiddlewareState {
            cors: Cors::new(&flags.allowed_origin),
            proxies: TrustedProxies::new(&flags.trusted_proxy),
            limits: RateLimit::per_second(flags.rate_limit),
            slots: Semaphore::new(MAX_IN_FLIGHT),
            metrics,
        }),
    })
}

/// A bound socket and its address, which has the real port.
struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

async fn bind(flags: &Serve) -> Result<Listener> {
    let failed = || format!("cannot listen on {}", flags.listen);
    let socket = TcpListener::bind(flags.listen).await.with_context(failed)?;
    let address = socket.local_addr().with_context(failed)?;
    Ok(Listener { socket, address })
}

/// Explains why Redis cannot be used.
fn unusable(error: &CommandError) -> Error {
    match error {
        CommandError::Unavailable(reason) => anyhow!("cannot use Redis: {reason}"),
        other => anyhow!("cannot use Redis: unexpected answer {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use std::ffi::OsString;

    fn checked(line: &str) -> Result<(), String> {
        let arguments = std::iter::once("hallpass-server").chain(line.split(' ')).map(OsString::from);
        let cli = Cli::read(arguments).expect("readable").expect("no help");
        let Command::Serve(flags) = cli.command else { panic!("not serve: {line}") };
        check(&flags).map_err(|error| error.to_string())
    }

    #[test]
    fn contradictions_stop_the_server_before_it_starts() {
        for line in [
            "--redis-url localhost:6379 --module-path m.so",
            "--redis-url localhost:6379 --redis-server r",
            "--redis-url nonsense",
            "--issuer example.com",
            "--issuer ftp://example.com",
            "--issuer https://example.com/?a=b",
            "--issuer https://example.com/#a",
            "--verify-claims role,sub",
            "--verify-claims role,",
            "--dev-cookie --listen 0.0.0.0:8080",
            "--dev-cookie --listen [::]:8080",
        ] {
            assert!(checked(line).is_err(), "{line}");
        }
        for line in [
            "--issuer https://example.com/auth",
            "--verify-claims role,scope",
            "--redis-url localhost:6379",
            "--dev-cookie",
        ] {
            assert_eq!(checked(line), Ok(()), "{line}");
        }
    }

    #[test]
    fn the_issuer_must_be_there_and_be_the_expected_one() {
        let module = |issuer: Option<&str>| ModuleInfo {
            key_pattern: "auth:*".into(),
            issuer: issuer.map(str::to_owned),
            audience: None,
            is_cluster: false,
        };
        assert!(check_issuer(&module(None), None).is_err());
        assert!(check_issuer(&module(Some("https://a")), Some("https://b")).is_err());
        assert_eq!(check_issuer(&module(Some("https://a")), None).expect("set"), "https://a");
    }
}
