//! Keys that verify access tokens: the half of a [`super::SigningKey`] that needs no private member.

use super::error::KeyError;
use super::hmac::symmetric_secret;
use super::rsa::{MIN_MODULUS_BITS, bit_length};
use super::{Algorithm, Jwk};
use crate::base64url::decode;
use jsonwebtoken::DecodingKey;

/// The verifying half of one key: its public key, or the secret of an HMAC.
pub struct VerifyingKey {
    alg: Algorithm,
    key: DecodingKey,
}

impl VerifyingKey {
    /// Reads the public members of a key, or `k` of a symmetric one.
    ///
    /// # Errors
    /// [`KeyError`] when they are missing, malformed or too short.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        let alg = algorithm_of(jwk)?;
        let key = match alg {
            Algorithm::EdDSA => ed25519(jwk)?,
            Algorithm::ES256 => p256(jwk)?,
            Algorithm::RS256 | Algorithm::PS256 => rsa(jwk)?,
            Algorithm::HS256 => DecodingKey::from_secret(&symmetric_secret(jwk)?),
        };
        Ok(Self { alg, key })
    }

    /// Returns the one algorithm of this key.
    pub fn alg(&self) -> Algorithm {
        self.alg
    }

    /// Returns whether `signature`, in base64url, is valid for `message`. HMACs are compared in constant time.
    pub fn verify(&self, message: &[u8], signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, message, &self.key, self.alg.into()).unwrap_or(false)
    }
}

/// Returns the algorithm of a key: the only choice of its type, or the one that `alg` names where there are two.
fn algorithm_of(jwk: &Jwk) -> Result<Algorithm, KeyError> {
    let possible: &[Algorithm] = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("OKP", Some("Ed25519")) => &[Algorithm::EdDSA],
        ("EC", Some("P-256")) => &[Algorithm::ES256],
        ("RSA", _) => &[Algorithm::RS256, Algorithm::PS256],
        ("oct", _) => &[Algorithm::HS256],
        _ => return Err(KeyError::KeyType),
    };
    let chosen = match (jwk.alg.as_deref(), possible) {
        (Some(named), _) => possible.iter().find(|alg| Algorithm::of_header(named) == Some(**alg)),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    chosen.copied().ok_or(KeyError::Algorithm)
}

fn ed25519(jwk: &Jwk) -> Result<DecodingKey, KeyError> {
    let x = public(jwk.x.as_deref(), |length| length == 32)?;
    usable(DecodingKey::from_ed_components(x))
}

/// Reads the point of a P-256 key. Coordinates always have full length (RFC 7518 §6.2.1.2).
fn p256(jwk: &Jwk) -> Result<DecodingKey, KeyError> {
    let [x, y] = [&jwk.x, &jwk.y].map(|member| public(member.as_deref(), |length| length == 32));
    usable(DecodingKey::from_ec_components(x?, y?))
}

fn rsa(jwk: &Jwk) -> Result<DecodingKey, KeyError> {
    let (n, e) = (public(jwk.n.as_deref(), |_| true)?, public(jwk.e.as_deref(), |_| true)?);
    if decode(n).is_none_or(|modulus| bit_length(&modulus) < MIN_MODULUS_BITS) {
        return Err(KeyError::TooShort);
    }
    usable(DecodingKey::from_rsa_components(n, e))
}

/// Returns the text of a member that is base64url of a fitting length.
fn public(member: Option<&str>, fits: impl Fn(usize) -> bool) -> Result<&str, KeyError> {
    let is_good = |text: &&str| decode(text).is_some_and(|bytes| fits(bytes.len()));
    member.filter(is_good).ok_or(KeyError::KeyMaterial)
}

fn usable(key: jsonwebtoken::errors::Result<DecodingKey>) -> Result<DecodingKey, KeyError> {
    key.map_err(|_| KeyError::KeyMaterial)
}
