//! JSON Web Keys as they stand in the keyring file (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).

use super::error::KeyError;
use super::policy::KeyOperations;
use crate::base64url::decode;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A JWK Set (RFC 7517 §5).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys, in file order.
    pub keys: Vec<Jwk>,
}

/// One key. Members that Hallpass does not know are ignored; binary members are base64url text.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Jwk {
    /// Key type: `OKP`, `EC`, `RSA` or `oct`.
    pub kty: String,
    /// `sig` for keys that sign access tokens, `refresh` for keys that authenticate refresh tokens.
    #[serde(rename = "use")]
    pub usage: String,
    /// Key id: 1–64 of `[A-Za-z0-9_-]`, unique in the set.
    pub kid: String,
    /// Algorithm; may be left out where the key type leaves one choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// Curve: `Ed25519` or `P-256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// Public key, or its x coordinate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The y coordinate of an EC public key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Modulus of an RSA key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// Public exponent of an RSA key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// Private key of an asymmetric pair: secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub d: Option<String>,
    /// First prime of an RSA key: secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<String>,
    /// Second prime of an RSA key: secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// `d mod (p − 1)`: secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dp: Option<String>,
    /// `d mod (q − 1)`: secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dq: Option<String>,
    /// Inverse of `q mod p`: secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qi: Option<String>,
    /// Symmetric key: secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<String>,
    /// Operations that the key is meant for, where it says so.
    #[serde(deserialize_with = "KeyOperations::read", skip_serializing)]
    pub key_ops: Option<KeyOperations>,
    /// NumericDate from which the key may sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// NumericDate from which the key is no longer valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
}

impl Jwk {
    /// Returns the public half, ready to be published; `None` for symmetric keys, which have none.
    pub fn public(&self) -> Option<Self> {
        (self.kty != "oct").then(|| Self {
            kty: self.kty.clone(),
            usage: self.usage.clone(),
            kid: self.kid.clone(),
            alg: self.alg.clone(),
            crv: self.crv.clone(),
            x: self.x.clone(),
            y: self.y.clone(),
            n: self.n.clone(),
            e: self.e.clone(),
            ..Self::default()
        })
    }
}

/// Shows the key id only, because a key in a log or a panic message would be a leak.
impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Decodes a member that must be present.
pub(super) fn member(value: Option<&str>) -> Result<Vec<u8>, KeyError> {
    value.and_then(decode).ok_or(KeyError::KeyMaterial)
}
