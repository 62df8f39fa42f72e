//! `AUTH.JWKS` → the public halves of all unexpired signing keys, as the text of a JWK Set (RFC 7517).
//!
//! HMAC keys have no public half and are never shown.

use super::{Outcome, complete};
use crate::error::Error;
use crate::ffi::Arg;
use crate::info::unix_ms;
use crate::keyring;
use crate::reply::Reply;
use redis_module::Context;

/// Runs the command.
pub fn run(_ctx: &Context, args: &[Arg]) -> Outcome {
    if args.len() != 1 {
        return Err(crate::error::SYNTAX);
    }
    let loaded = keyring::current().ok_or(Error::NoKey)?;
    complete(Reply::Text(loaded.ring.public_jwks(unix_ms() / 1000)))
}
