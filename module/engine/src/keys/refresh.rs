//! Keys that authenticate refresh tokens: HMAC with SHA-256.

use super::ring::Problem;
use super::{Jwk, Validity, decode};
use aws_lc_rs::hmac;

/// Symmetric keys shorter than their hash output weaken it (RFC 7518 §3.2).
pub(super) const MIN_SYMMETRIC_BYTES: usize = 32;

/// One refresh key.
pub struct RefreshKey {
    pub(super) kid: String,
    pub(super) validity: Validity,
    key: hmac::Key,
}

impl RefreshKey {
    pub(super) fn from_jwk(jwk: &Jwk, validity: Validity) -> Result<Self, Problem> {
        if jwk.kty != "oct" {
            return Err(Problem::KeyType);
        }
        if jwk.alg.as_deref().is_some_and(|alg| alg != "HS256") {
            return Err(Problem::Algorithm);
        }
        let secret = symmetric_secret(jwk)?;
        Ok(Self { kid: jwk.kid.clone(), validity, key: hmac::Key::new(hmac::HMAC_SHA256, &secret) })
    }

    /// The key id, which a refresh token names.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The 32-byte MAC of `body`.
    pub fn mac(&self, body: &[u8]) -> impl AsRef<[u8]> + use<> {
        hmac::sign(&self.key, body)
    }

    /// Compares in constant time.
    pub fn is_mac_of(&self, body: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.key, body, mac).is_ok()
    }
}

/// The secret of an `oct` key, of at least [`MIN_SYMMETRIC_BYTES`].
pub(super) fn symmetric_secret(jwk: &Jwk) -> Result<Vec<u8>, Problem> {
    let secret = jwk.k.as_ref().and_then(decode).ok_or(Problem::KeyMaterial)?;
    if secret.len() < MIN_SYMMETRIC_BYTES {
        return Err(Problem::TooShort);
    }
    Ok(secret)
}
