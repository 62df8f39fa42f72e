//! New keys, from random bytes of the operating system.

use crate::failure::{Failure, Outcome};
use crate::random::random;
use hallpass_engine::keygen;
use hallpass_engine::keys::{Algorithm, Jwk};

/// A new key that signs access tokens.
pub fn signing_key(alg: Algorithm) -> Outcome<Jwk> {
    keygen::signing_key(alg, &random()?).map_err(no_key)
}

/// A new key that makes refresh tokens.
pub fn refresh_key() -> Outcome<Jwk> {
    Ok(keygen::refresh_key(&random()?))
}

/// Why there is no new key.
pub fn no_key(cause: impl std::fmt::Display) -> Failure {
    Failure::new(format!("cannot make a key: {cause}"))
}
