//! Keys that authenticate refresh tokens: HMAC with SHA-256.

use super::error::KeyError;
use super::hmac::HmacKey;
use super::{Jwk, Validity};

/// One refresh key.
pub struct RefreshKey {
    pub(super) kid: String,
    pub(super) validity: Validity,
    key: HmacKey,
}

impl RefreshKey {
    pub(super) fn from_jwk(jwk: &Jwk, validity: Validity) -> Result<Self, KeyError> {
        if jwk.kty != "oct" {
            return Err(KeyError::KeyType);
        }
        if jwk.alg.as_deref().is_some_and(|alg| alg != "HS256") {
            return Err(KeyError::Algorithm);
        }
        Ok(Self { kid: jwk.kid.clone(), validity, key: HmacKey::from_jwk(jwk)? })
    }

    /// Returns the key id, which a refresh token names.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the MAC of `body`.
    pub fn mac(&self, body: &[u8]) -> [u8; 32] {
        self.key.mac(body)
    }

    /// Returns whether this is the MAC, comparing in constant time.
    pub fn is_mac_of(&self, body: &[u8], mac: &[u8]) -> bool {
        self.key.is_mac_of(body, mac)
    }
}
