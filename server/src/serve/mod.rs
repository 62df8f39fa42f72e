//! `serve`: checks the flags, finds or starts Redis, and serves until it is told to stop.

mod environment;
mod flags;
mod private;
mod redis;
mod remote;
pub mod sockets;

use crate::cli::Serve;
use crate::events::Events;
use crate::http::cookie::CookieMode;
use crate::metrics::Metrics;
use crate::middleware::MiddlewareState;
use crate::middleware::cors::Cors;
use crate::middleware::in_flight::MAX_IN_FLIGHT;
use crate::middleware::rate_limit::RateLimit;
use crate::middleware::shares::Shares;
use crate::middleware::source::TrustedProxies;
use crate::middleware::subject_hash::{KEY_LENGTH, SubjectHash};
use crate::middleware::trace;
use crate::oauth_clients::Clients;
use crate::outside_issuers::OutsideIssuers;
use crate::shutdown;
use crate::state::{AppState, Module, verifier};
use anyhow::{Context, Result, anyhow, bail, ensure};
use hallpass_client::{Address, CommandError, Hallpass, ModuleInfo, Security, VerifyCache};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::sleep;

/// Runs the server until SIGTERM or SIGINT.
pub fn run(flags: &Serve) -> Result<()> {
    flags::check(flags)?;
    trace::start(flags.log);
    environment::warn_of_unknown_variables();
    let runtime = tokio::runtime::Runtime::new();
    let runtime = runtime.context("cannot start the runtime")?;
    runtime.block_on(async {
        let shutdown = shutdown::on_signals()?;
        match &flags.redis_url {
            Some(url) => remote::serve(flags, url, &shutdown).await,
            None => private::serve(flags, &shutdown).await,
        }
    })
}

/// Prepares the connection to Redis, with the time that commands take in the metrics.
fn store(address: &Address, security: &Security, metrics: &Metrics) -> Result<Hallpass> {
    let store = Hallpass::secured(address, security).map_err(|error| match error {
        CommandError::Unavailable(reason) => anyhow!("cannot use Redis: {reason}"),
        other => anyhow!("cannot use Redis: {other}"),
    })?;
    Ok(store.observed_by(metrics.commands()))
}

/// Reads the key with which the log shows subjects.
fn subject_hash(path: &Path) -> Result<SubjectHash> {
    let key = redis::secret(path)?;
    let too_short = || anyhow!("--log-subjects: {} has fewer than {KEY_LENGTH} bytes", path.display());
    SubjectHash::new(key.trim_ascii_end()).ok_or_else(too_short)
}

/// Builds the state of the routes, which do not know the module yet.
fn state(flags: &Serve, store: Hallpass, metrics: Metrics, clients: Clients) -> Result<AppState> {
    let subject_hash = flags.log_subjects.as_deref().map(subject_hash).transpose()?;
    let store = Arc::new(store.with_verify_cache(VerifyCache {
        bytes: flags.verify_cache,
        stale_if_error: Duration::from_secs(flags.stale_if_error),
    }));
    Ok(AppState {
        verifier: verifier(&store, flags.verify_claims.clone()),
        store,
        clients,
        issuers: OutsideIssuers::in_use(flags.issuers_file.as_deref())?,
        module: OnceLock::new(),
        verify_claims: flags.verify_claims.clone(),
        me_auth_age: flags.me_auth_age,
        cookies: CookieMode { is_dev: flags.dev_cookie, same_site: flags.cookie_same_site },
        events: Events::new(),
        is_demo: flags.demo,
        middleware: Arc::new(MiddlewareState {
            cors: Cors::new(&flags.allowed_origin),
            proxies: TrustedProxies::new(&flags.trusted_proxy),
            has_session_cookie: flags.session_cookie,
            limits: RateLimit::per_second(flags.rate_limit),
            bodies: Shares::default(),
            slots: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            metrics,
            subject_hash,
        }),
    })
}

/// The time from one look at Redis to the next.
const PACE: Duration = Duration::from_millis(500);

/// Begins to listen to security events, for the console. What is returned ends after the first attempt to.
fn follow_events(state: &Arc<AppState>) -> oneshot::Receiver<()> {
    let (begun, has_begun) = oneshot::channel::<()>();
    let state = Arc::clone(state);
    tokio::spawn(async move {
        let events = Arc::clone(&state);
        let add = Arc::new(move |notice| events.events.add(notice));
        state.store.follow_events(add, || drop(begun)).await;
    });
    has_begun
}

/// Returns the module's issuer. It must be set and be the expected one, because verifiers refuse tokens of any other.
fn check_issuer(module: &ModuleInfo, expected: Option<&str>) -> Result<()> {
    let advice = "set hallpass.issuer in redis.conf";
    match (&module.issuer, expected) {
        (None, _) => bail!("the hallpass module of this Redis has no issuer: {advice}"),
        (Some(issuer), Some(expected)) if issuer != expected => {
            Err(anyhow!("--issuer is {expected}, but the module's issuer is {issuer}: {advice}"))
        }
        (Some(_), _) => Ok(()),
    }
}

/// Lets the routes use the module that was found. It must have a key pattern that can be used.
fn adopt(state: &AppState, info: ModuleInfo) -> Result<()> {
    ensure!(
        !(state.middleware.has_session_cookie && info.refresh_requires_access),
        "--session-cookie contradicts the module's hallpass.refresh-requires-access: a page has no access token"
    );
    let unreadable = format!("the module's key pattern {:?} has no single *", info.key_pattern);
    let module = Module::found(info).ok_or_else(|| anyhow!(unreadable))?;
    state.issuers.check(&module.info, &module.keys)?;
    // It is set once: whoever looks for the module stops when it is found.
    let _ = state.module.set(module);
    Ok(())
}

/// Keeps up with the settings of the module that was found and that may change meanwhile. Never returns.
async fn follow_settings(state: &AppState) -> ! {
    loop {
        sleep(PACE).await;
        state.look_at_settings().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_must_be_there_and_be_the_expected_one() {
        let module = |issuer: Option<&str>| ModuleInfo {
            key_pattern: "auth:*".into(),
            issuer: issuer.map(str::to_owned),
            audience: None,
            refresh_requires_access: false,
            is_cluster: false,
        };
        assert!(check_issuer(&module(None), None).is_err());
        assert!(check_issuer(&module(Some("https://a")), Some("https://b")).is_err());
        assert!(check_issuer(&module(Some("https://a")), None).is_ok());
    }
}
