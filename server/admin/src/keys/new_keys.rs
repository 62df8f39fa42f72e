//! New keys, from random bytes of the operating system.

use crate::random::random;
use anyhow::{Context, Result};
use hallpass_engine::keygen;
use hallpass_engine::keys::{Algorithm, Jwk};

/// Generates a key that signs access tokens.
pub fn signing_key(alg: Algorithm) -> Result<Jwk> {
    keygen::signing_key(alg, &random()?).context("cannot make a key")
}

/// Generates a key that makes refresh tokens.
pub fn refresh_key() -> Result<Jwk> {
    Ok(keygen::refresh_key(&random()?))
}
