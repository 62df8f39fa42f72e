//! HMAC with SHA-256 (RFC 2104), with keys prepared once: a message then costs its own blocks and two more.

use super::Jwk;
use super::error::KeyError;
use crate::base64url::decode;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Symmetric keys shorter than their hash output weaken it (RFC 7518 §3.2).
const MIN_BYTES: usize = 32;

/// One secret.
pub(super) struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// Reads the secret of an `oct` key.
    pub(super) fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        let secret = symmetric_secret(jwk)?;
        Hmac::new_from_slice(&secret).map(Self).map_err(|_| KeyError::KeyMaterial)
    }

    /// Returns the MAC of `message`.
    pub(super) fn mac(&self, message: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(message).finalize().into_bytes().into()
    }

    /// Returns whether this is the MAC, comparing in constant time.
    pub(super) fn is_mac_of(&self, message: &[u8], mac: &[u8]) -> bool {
        verify_slices_are_equal(&self.mac(message), mac).is_ok()
    }
}

/// Decodes the secret of an `oct` key, which must be long enough.
pub(super) fn symmetric_secret(jwk: &Jwk) -> Result<Vec<u8>, KeyError> {
    let secret = jwk.k.as_ref().and_then(decode).ok_or(KeyError::KeyMaterial)?;
    if secret.len() < MIN_BYTES {
        return Err(KeyError::TooShort);
    }
    Ok(secret)
}
