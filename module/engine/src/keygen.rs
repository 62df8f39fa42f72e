//! Makes keys from random bytes that the caller provides; only RSA primes come from the cryptographic library.

use crate::base64url::encode;
use crate::keys::{Algorithm, Jwk, rsa};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use std::fmt;

/// The random bytes are not a private key of the algorithm: draw again. Probability: below 2⁻³¹ for ES256, else 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeygenError;

impl fmt::Display for KeygenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these random bytes make no key of this algorithm")
    }
}

impl std::error::Error for KeygenError {}

/// Makes a signing key with the secret `random`. An RSA key gets a secret of its own, and `random` only names it.
///
/// # Errors
/// [`KeygenError`] when the bytes lie outside the algorithm's range.
pub fn signing_key(alg: Algorithm, random: &[u8; 32]) -> Result<Jwk, KeygenError> {
    let jwk = match alg {
        Algorithm::EdDSA => ed25519(random)?,
        Algorithm::ES256 => p256(random)?,
        Algorithm::RS256 | Algorithm::PS256 => rsa::generate().ok_or(KeygenError)?,
        Algorithm::HS256 => Jwk { kty: "oct".into(), k: Some(encode(random)), ..Jwk::default() },
    };
    Ok(Jwk { usage: "sig".into(), alg: Some(alg.to_string()), kid: key_id(b"sig", random), ..jwk })
}

/// Makes a refresh key with the secret `random`.
pub fn refresh_key(random: &[u8; 32]) -> Jwk {
    Jwk {
        kty: "oct".into(),
        usage: "refresh".into(),
        alg: Some("HS256".into()),
        kid: key_id(b"refresh", random),
        k: Some(encode(random)),
        ..Jwk::default()
    }
}

fn ed25519(seed: &[u8; 32]) -> Result<Jwk, KeygenError> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeygenError)?;
    Ok(Jwk {
        kty: "OKP".into(),
        crv: Some("Ed25519".into()),
        x: Some(encode(pair.public_key())),
        d: Some(encode(seed)),
        ..Jwk::default()
    })
}

fn p256(scalar: &[u8; 32]) -> Result<Jwk, KeygenError> {
    let private = PrivateKey::from_private_key(&ECDH_P256, scalar).map_err(|_| KeygenError)?;
    let public = private.compute_public_key().map_err(|_| KeygenError)?;
    // SEC 1 §2.3.3: an uncompressed point is 4, x, y.
    let (x, y) = public.as_ref()[1..].split_at(32);
    Ok(Jwk {
        kty: "EC".into(),
        crv: Some("P-256".into()),
        x: Some(encode(x)),
        y: Some(encode(y)),
        d: Some(encode(scalar)),
        ..Jwk::default()
    })
}

/// Returns a key id: twelve hex digits of a hash. It is short because every token carries it, and reveals no secret.
fn key_id(purpose: &[u8], random: &[u8; 32]) -> String {
    let hash = digest(&SHA256, &[b"hallpass kid ", purpose, &random[..]].concat());
    hash.as_ref()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}
