//! The Redis that `--redis-url` and the flags beside it name.

use crate::cli::Serve;
use anyhow::{Context, Result, anyhow, bail, ensure};
use hallpass_admin::access;
use hallpass_admin::error::cannot;
use hallpass_client::{Address, Security};
use std::fs;
use std::path::Path;

/// What a PEM file with a certificate holds.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// Reads the address, and refuses flags that contradict it.
pub fn address(flags: &Serve, url: &str) -> Result<Address> {
    let address = Address::parse(url).map_err(|error| anyhow!("--redis-url {error}"))?;
    ensure!(
        flags.redis_password_file.is_none() || !address.has_password(),
        "--redis-password-file contradicts the password in --redis-url"
    );
    if let (Some((flag, _)), false) = (tls_files(flags).next(), address.is_tls()) {
        bail!("{flag} is for TLS, and --redis-url is not rediss:");
    }
    ensure!(
        flags.redis_cert_file.is_some() == flags.redis_key_file.is_some(),
        "--redis-cert-file and --redis-key-file belong together"
    );
    Ok(address)
}

/// Returns the first flag that makes no sense without a URL, if it is given.
pub fn given_without_url(flags: &Serve) -> Option<&'static str> {
    let password = flags.redis_password_file.as_deref().map(|path| ("--redis-password-file", path));
    password.into_iter().chain(tls_files(flags)).next().map(|(flag, _)| flag)
}

/// Reads the password and the certificates.
pub fn security(flags: &Serve) -> Result<Security> {
    let mut security = Security::default();
    if let Some(path) = &flags.redis_password_file {
        security = security.with_password(password(path)?);
    }
    if let Some(path) = &flags.redis_ca_file {
        security = security.with_authority(certificate(path)?);
    }
    if let (Some(path), Some(key)) = (&flags.redis_cert_file, &flags.redis_key_file) {
        security = security.with_certificate(certificate(path)?, secret(key)?);
    }
    Ok(security)
}

/// Returns the files for TLS that are given, with their flags.
fn tls_files(flags: &Serve) -> impl Iterator<Item = (&'static str, &Path)> {
    let files = [
        ("--redis-ca-file", &flags.redis_ca_file),
        ("--redis-cert-file", &flags.redis_cert_file),
        ("--redis-key-file", &flags.redis_key_file),
    ];
    files.into_iter().filter_map(|(flag, path)| Some((flag, path.as_deref()?)))
}

/// Reads a password, without the end of its line.
fn password(path: &Path) -> Result<String> {
    let text = String::from_utf8(secret(path)?).ok().with_context(cannot("use", path))?;
    let password = text.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "there is no password in {}", path.display());
    Ok(password.to_owned())
}

/// Reads a file that is a secret.
pub fn secret(path: &Path) -> Result<Vec<u8>> {
    if let Some(warning) = access::warning(path) {
        tracing::warn!("{warning}");
    }
    let missing = || anyhow!("cannot read {}: it does not exist", path.display());
    access::read(path)?.ok_or_else(missing)
}

/// Reads certificates, of which there must be one.
fn certificate(path: &Path) -> Result<Vec<u8>> {
    let pem = fs::read(path).with_context(cannot("read", path))?;
    let has_some = String::from_utf8_lossy(&pem).contains(CERTIFICATE);
    ensure!(has_some, "there is no certificate in {}", path.display());
    Ok(pem)
}
