//! Client secrets and their hashes.
//!
//! A secret is 256 random bits, so one round of SHA-256 is all the protection that its hash needs: there is nothing to
//! guess, and a slow password hash would only let strangers keep the server busy.

use crate::access;
use crate::atomic_file;
use crate::error::cannot;
use crate::random::random;
use anyhow::{Context, Result};
use aws_lc_rs::{constant_time, digest};
use hallpass_engine::base64url;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::path::Path;

/// Makes a secret recognisable to people and to secret scanners.
const PREFIX: &str = "hps_";
/// Minimum length of a secret that someone else made.
const MIN_LENGTH: usize = 20;

/// A client secret in plain text. It is printed or written once and never logged.
pub struct Secret(String);

impl Secret {
    /// Generates a secret.
    pub fn generate() -> Result<Self> {
        Ok(Self(format!("{PREFIX}{}", base64url::encode(random()?))))
    }

    /// Reads the secret in the file at `path`, which others may not write. Without such a file, generates a secret and
    /// writes it there.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        if let Some(bytes) = access::read(path)? {
            return Self::kept(&bytes)
                .context("it is no secret, or too short for one; remove it for a new one")
                .with_context(cannot("use", path));
        }
        let secret = Self::generate()?;
        atomic_file::create(path, secret.reveal().as_bytes()).with_context(cannot("write", path))?;
        Ok(secret)
    }

    /// Accepts a secret from a file. `None` for one that is too short to be unguessable.
    fn kept(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.trim();
        (text.len() >= MIN_LENGTH).then(|| Self(text.to_owned()))
    }

    /// Returns the text to show.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// SHA-256 of a secret; base64url in files.
#[derive(Clone)]
pub struct SecretHash([u8; digest::SHA256_OUTPUT_LEN]);

impl SecretHash {
    /// Hashes `secret`.
    pub fn of(secret: &str) -> Self {
        let mut hash = [0; digest::SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
        Self(hash)
    }

    /// Returns whether both are hashes of the same secret, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl std::fmt::Debug for SecretHash {
    /// Hides the hash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash")
    }
}

impl Serialize for SecretHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("sha256:{}", base64url::encode(self.0)))
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = text.strip_prefix("sha256:").and_then(base64url::decode);
        let hash = hash.and_then(|hash| hash.try_into().ok());
        // The message does not repeat the text, which may be a secret that was put here by mistake.
        hash.map(Self)
            .ok_or_else(|| D::Error::custom("a secret's hash is not sha256:<base64url of 32 bytes>"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_hash_survives_the_file_and_matches_only_its_secret() {
        let secret = Secret::generate().expect("random");
        let json = serde_json::to_string(&SecretHash::of(secret.reveal())).expect("serialisable");
        assert!(!json.contains(secret.reveal()));
        let hash: SecretHash = serde_json::from_str(&json).expect("readable");
        assert!(hash.matches(&SecretHash::of(secret.reveal())));
        assert!(!hash.matches(&SecretHash::of("hps_other")));
    }

    #[test]
    fn a_secret_is_made_once_and_one_that_is_too_short_is_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("client-secret");
        let made = Secret::load_or_create(&path).expect("made");
        assert_eq!(Secret::load_or_create(&path).expect("kept").reveal(), made.reveal());
        fs::write(&path, "  nineteen-characters\n").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our own");
        let refusal = Secret::load_or_create(&path).err().expect("refused");
        assert!(format!("{refusal:#}").contains("too short"), "{refusal:#}");
    }

    #[test]
    fn a_plain_secret_in_the_file_is_refused_and_not_repeated() {
        let error = serde_json::from_str::<SecretHash>("\"hps_plain\"").expect_err("refused").to_string();
        assert!(!error.contains("hps_plain"), "{error}");
    }
}
