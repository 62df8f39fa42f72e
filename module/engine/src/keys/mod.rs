//! The keyring: keys that sign and verify tokens, read from a JWK Set (RFC 7517).

mod algorithm;
mod error;
pub mod file;
mod hmac;
mod jwk;
mod policy;
mod refresh;
mod ring;
pub(crate) mod rsa;
mod signing;
mod verifying;

pub use algorithm::Algorithm;
pub use error::{KeyError, KeyringError};
pub use jwk::{Jwk, JwkSet};
pub use policy::KeyOperations;
pub use refresh::RefreshKey;
pub use ring::{KeyStatus, KeySummary, Keyring};
pub use signing::SigningKey;
pub use verifying::VerifyingKey;

/// The validity of a key, in Unix seconds: it signs from `nbf` on, and does nothing from `exp` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First second at which the key may sign; 0 if the file has none.
    pub nbf: u64,
    /// First second at which the key is no longer valid for anything.
    pub exp: Option<u64>,
}

impl Validity {
    /// Returns whether the key may verify at `at`.
    pub fn is_unexpired(&self, at: u64) -> bool {
        self.exp.is_none_or(|exp| at < exp)
    }

    /// Returns whether the key may sign at `at`.
    pub fn may_sign(&self, at: u64) -> bool {
        self.nbf <= at && self.is_unexpired(at)
    }
}
