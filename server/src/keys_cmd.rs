//! `keys generate`: a new keyring file (RFC 7517) with a signing key and a refresh key.

use crate::atomic_file;
use crate::cli::Keys;
use crate::failure::{Failure, Outcome};
use hallpass_engine::keygen::{refresh_key, signing_key};
use hallpass_engine::keys::{Algorithm, JwkSet};
use std::io;
use std::path::Path;

/// What to know before handing EdDSA tokens to a verifier of one's own.
const EDDSA_NOTE: &str = "note: some verifiers lack EdDSA, among them npm jsonwebtoken, Auth0 java-jwt, Spring Security's \
                          NimbusJwtDecoder, Microsoft.IdentityModel and most cloud API gateways; where one of them \
                          checks tokens by itself, generate the keyring with --alg ES256";

/// Runs `keys …`.
pub fn run(command: Keys) -> Outcome<()> {
    let Keys::Generate { keyring, alg } = command;
    let set = generate(&keyring, alg)?;
    println!(
        "wrote {}, mode 0600: keep it outside of Redis and of backups that hold Redis' data",
        keyring.display()
    );
    for key in &set.keys {
        let alg = key.alg.as_deref().unwrap_or("HMAC");
        println!("{} key {} ({alg})", if key.usage == "sig" { "signing" } else { "refresh" }, key.kid);
    }
    if alg == Algorithm::EdDSA {
        println!("{EDDSA_NOTE}");
    }
    Ok(())
}

/// Makes a keyring file with new keys. Refuses to overwrite: the old keys are what live sessions depend on.
pub fn generate(path: &Path, alg: Algorithm) -> Outcome<JwkSet> {
    let no_key = |error: &dyn std::fmt::Display| Failure::new(format!("cannot make a key: {error}"));
    let signing = signing_key(alg, &random()?).map_err(|error| no_key(&error))?;
    let set = JwkSet { keys: vec![signing, refresh_key(&random()?)] };
    let mut json = serde_json::to_string_pretty(&set).map_err(|error| no_key(&error))?;
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
