//! The flags of `serve`, judged before anything is started.

use super::redis;
use crate::cli::Serve;
use crate::listener::address::ListenAddress;
use anyhow::{Result, bail, ensure};
use axum::http::Uri;
use hallpass_engine::json::RESERVED_CLAIMS;

/// Refuses flags that contradict each other or mean nothing.
pub fn check(flags: &Serve) -> Result<()> {
    check_redis(flags)?;
    check_listen(flags)?;
    if let Some(issuer) = flags.issuer.as_deref().filter(|issuer| !is_issuer(issuer)) {
        bail!("--issuer {issuer:?} is not an http(s) URL without query and fragment");
    }
    ensure!(
        flags.stale_if_error == 0 || flags.verify_cache > 0,
        "--stale-if-error needs what --verify-cache 0 does not keep"
    );
    let is_no_claim = |name: &&String| name.is_empty() || RESERVED_CLAIMS.contains(&name.as_str());
    match flags.verify_claims.iter().flatten().find(is_no_claim) {
        Some(name) => bail!("--verify-claims: {name:?} is not a custom claim"),
        None => Ok(()),
    }
}

fn check_redis(flags: &Serve) -> Result<()> {
    match &flags.redis_url {
        Some(url) => drop(redis::address(flags, url)?),
        None => {
            if let Some(flag) = redis::given_without_url(flags) {
                bail!("{flag} needs --redis-url");
            }
        }
    }
    let private_only = [
        ("--module-path", flags.module_path.is_some()),
        ("--redis-server", flags.redis_server.is_some()),
        ("--alg", flags.alg.is_some()),
        ("--set", !flags.set.is_empty()),
        ("--demo", flags.demo),
    ];
    if flags.redis_url.is_some()
        && let Some((flag, _)) = private_only.iter().find(|(_, is_given)| *is_given)
    {
        bail!("{flag} is for the private Redis and contradicts --redis-url");
    }
    let names = || flags.set.iter().map(|setting| &setting.name);
    match names().enumerate().find(|(index, name)| names().take(*index).any(|earlier| earlier == *name)) {
        Some((_, name)) => bail!("--set names {name} twice"),
        None => Ok(()),
    }
}

fn check_listen(flags: &Serve) -> Result<()> {
    let listen = &flags.listen;
    if let ListenAddress::Unix(_) = listen {
        ensure!(flags.issuer.is_some(), "--listen {listen} needs --issuer, the address that others use");
    }
    let has_proxy = matches!(listen, ListenAddress::Unix(_)) || !flags.trusted_proxy.is_empty();
    ensure!(
        !flags.session_cookie || has_proxy,
        "--session-cookie needs the gateway in --trusted-proxy, or --listen unix:"
    );
    ensure!(
        !flags.dev_cookie || listen.is_loopback(),
        "--dev-cookie is for the loopback, and --listen is {listen}"
    );
    let is_shared = flags.admin_listen.as_ref() == Some(listen) && !listen.takes_a_free_port();
    ensure!(!is_shared, "--admin-listen is the same as --listen");
    Ok(())
}

/// Returns whether `text` can be an issuer (RFC 8414 §2).
fn is_issuer(text: &str) -> bool {
    let is_http = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    !text.contains('#') && text.parse::<Uri>().is_ok_and(|uri| is_http(&uri) && uri.query().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use std::ffi::OsString;

    fn checked(line: &str) -> Result<(), String> {
        let arguments = std::iter::once("hallpass-server").chain(line.split(' ')).map(OsString::from);
        let cli = Cli::read(arguments).map_err(|error| error.to_string())?.expect("no help");
        let Command::Serve(flags) = cli.command else { panic!("not serve: {line}") };
        check(&flags).map_err(|error| error.to_string())
    }

    #[test]
    fn contradictions_stop_the_server_before_it_starts() {
        for line in [
            "--redis-url localhost:6379 --module-path m.so",
            "--redis-url localhost:6379 --redis-server r",
            "--redis-url redis://:p@localhost --redis-password-file p",
            "--redis-url redis://localhost --redis-ca-file ca.pem",
            "--redis-url rediss://localhost --redis-cert-file cert.pem",
            "--redis-url rediss://localhost --redis-key-file key.pem",
            "--redis-password-file p",
            "--redis-ca-file ca.pem",
            "--redis-url nonsense",
            "--redis-url localhost:6379 --alg ES256",
            "--redis-url localhost:6379 --demo",
            "--redis-url localhost:6379 --set hallpass.access-ttl=60",
            "--set hallpass.access-ttl=60 --set hallpass.access-ttl=60",
            "--issuer example.com",
            "--issuer ftp://example.com",
            "--issuer https://example.com/?a=b",
            "--issuer https://example.com/#a",
            "--verify-claims role,sub",
            "--verify-claims role,",
            "--verify-cache 0 --stale-if-error 60",
            "--verify-cache -1",
            "--stale-if-error 100000",
            "--dev-cookie --listen 0.0.0.0:8080",
            "--dev-cookie --listen [::]:8080",
            "--dev-cookie --issuer https://id.example --listen unix:/run/http.sock",
            "--listen unix:/run/http.sock",
            "--session-cookie",
            "--cookie-same-site none",
            "--listen 127.0.0.1:1 --admin-listen 127.0.0.1:1",
        ] {
            assert!(checked(line).is_err(), "{line}");
        }
        for line in [
            "--issuer https://example.com/auth",
            "--issuer https://example.com/auth --listen unix:/run/http.sock --admin-listen 127.0.0.1:9090",
            "--verify-claims role,scope",
            "--verify-cache 1000000 --stale-if-error 60",
            "--verify-cache 0",
            "--redis-url localhost:6379",
            "--redis-url rediss://server@localhost --redis-password-file p --redis-ca-file c --redis-cert-file c --redis-key-file k",
            "--dev-cookie",
            "--session-cookie --trusted-proxy 127.0.0.1 --cookie-same-site lax",
            "--session-cookie --issuer https://example.com --listen unix:/run/http.sock",
            "--alg ES256 --set hallpass.access-ttl=60 --set hallpass.audience=api",
        ] {
            assert_eq!(checked(line), Ok(()), "{line}");
        }
    }
}
