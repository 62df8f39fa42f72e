//! `keys …`: the keyring file (RFC 7517) from the command line.

mod document;
mod file;
mod flags;
mod list;
mod prune;
mod rotate;
mod schedule;
mod span;
mod utc;

pub use flags::Keys;
pub use span::Span;

use crate::atomic_file;
use crate::failure::{Failure, Outcome};
use hallpass_engine::keygen::{refresh_key, signing_key};
use hallpass_engine::keys::{Algorithm, Jwk, JwkSet};
use std::io::{self, Write};
use std::path::Path;

/// What to know before handing EdDSA tokens to a verifier of one's own.
const EDDSA_NOTE: &str = "note: some verifiers lack EdDSA, among them npm jsonwebtoken, Auth0 java-jwt, Spring Security's \
                          NimbusJwtDecoder, Microsoft.IdentityModel and most cloud API gateways, or refuse it \
                          unless they are told otherwise, as Python's Authlib does; where one of them checks tokens by \
                          itself, use --alg ES256\n";

/// Runs `keys …`.
pub fn run(command: Keys) -> Outcome<()> {
    let report = match command {
        Keys::Generate { keyring, alg } => made(&keyring, alg, &generate(&keyring, alg)?),
        Keys::Rotate(flags) => rotate::rotate(&flags)?,
        Keys::List { keyring } => list::table(&file::read(&keyring)?.summaries(utc::now()?)),
        Keys::Prune { keyring } => prune::prune(&keyring)?,
    };
    // What was to be done is done: a closed stdout is no reason to fail.
    let _ = io::stdout().write_all(report.as_bytes());
    Ok(())
}

/// What is to be told about a new keyring.
fn made(path: &Path, alg: Algorithm, set: &JwkSet) -> String {
    let mut report = format!(
        "wrote {}, mode 0600: keep it outside of Redis and of backups that hold Redis' data\n",
        path.display()
    );
    for key in &set.keys {
        let alg = key.alg.as_deref().unwrap_or("HMAC");
        report += &format!("{} key {} ({alg})\n", kind(&key.usage), key.kid);
    }
    if alg == Algorithm::EdDSA { report + EDDSA_NOTE } else { report }
}

/// The word for keys of a `use`.
fn kind(usage: &str) -> &'static str {
    if usage == "sig" { "signing" } else { "refresh" }
}

/// Makes a keyring file with new keys. Refuses to overwrite: the old keys are what live sessions depend on.
pub fn generate(path: &Path, alg: Algorithm) -> Outcome<JwkSet> {
    let set = JwkSet { keys: vec![new_signing_key(alg)?, new_refresh_key()?] };
    let mut json = serde_json::to_string_pretty(&set).map_err(no_key)?;
    json.push('\n');
    match atomic_file::create(path, json.as_bytes()) {
        Ok(()) => Ok(set),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::new(format!(
            "{} exists and is not overwritten: its keys may be in use",
            path.display()
        ))),
        Err(error) => Err(Failure::file("write", path, error)),
    }
}

fn new_signing_key(alg: Algorithm) -> Outcome<Jwk> {
    signing_key(alg, &random()?).map_err(no_key)
}

fn new_refresh_key() -> Outcome<Jwk> {
    Ok(refresh_key(&random()?))
}

fn no_key(cause: impl std::fmt::Display) -> Failure {
    Failure::new(format!("cannot make a key: {cause}"))
}

/// 32 random bytes from the operating system.
pub fn random() -> Outcome<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(format!("no random bytes: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_keyring_is_kept() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("keyring.json");
        generate(&path, Algorithm::ES256).expect("generated");
        let before = std::fs::read(&path).expect("readable");
        let failure = generate(&path, Algorithm::EdDSA).expect_err("refused").to_string();
        assert!(failure.contains("not overwritten"), "{failure}");
        assert_eq!(std::fs::read(&path).expect("readable"), before);
    }
}
