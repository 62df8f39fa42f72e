//! `keys generate`: a keyring file with one signing key and one refresh key.

use super::new_keys::{refresh_key, signing_key};
use super::wording::{EDDSA_NOTE, kind};
use crate::access;
use crate::atomic_file;
use crate::error::cannot;
use anyhow::{Context, Result, anyhow};
use hallpass_engine::keys::{Algorithm, JwkSet};
use std::io;
use std::path::Path;

/// Makes a keyring file with new keys. Never overwrites a file, because live sessions depend on the keys in it.
pub fn generate(path: &Path, alg: Algorithm) -> Result<JwkSet> {
    let set = JwkSet { keys: vec![signing_key(alg)?, refresh_key()?] };
    let json = serde_json::to_string_pretty(&set)? + "\n";
    match atomic_file::create(path, json.as_bytes()) {
        Ok(()) => Ok(set),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(anyhow!("{} exists and is not overwritten: its keys may be in use", path.display()))
        }
        Err(error) => Err(error).with_context(cannot("write", path)),
    }
}

/// Formats the report about a new keyring.
pub fn report(path: &Path, alg: Algorithm, set: &JwkSet) -> String {
    let mut report = format!(
        "wrote {}, mode 0600: keep it outside of Redis and of backups that hold Redis' data\n",
        path.display()
    );
    for key in &set.keys {
        let alg = key.alg.as_deref().unwrap_or("HMAC");
        report += &format!("{} key {} ({alg})\n", kind(&key.usage), key.kid);
    }
    if let Some(note) = access::note_on_owner(path) {
        report += &format!("{note}\n");
    }
    if alg == Algorithm::EdDSA { report + EDDSA_NOTE } else { report }
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
