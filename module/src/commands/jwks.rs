//! `AUTH.JWKS` → the public halves of all unexpired signing keys, as the text of a JWK Set (RFC 7517).
//!
//! HMAC keys have no public half and are never shown.

use super::call::NodeCommand;
use crate::clock::unix_ms;
use crate::keyring;
use crate::redis::args::Arg;
use crate::redis::spec::{CommandSpec, KeyAccess};
use crate::reply::{CommandResult, Value};
use hallpass_engine::time::seconds;

/// The command.
pub struct Jwks;

impl NodeCommand for Jwks {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.jwks",
        summary: c"Returns the public keys that access tokens can be verified with, as a JWK Set.",
        flags: c"readonly allow-loading allow-stale no-monitor no-slowlog",
        tips: None,
        complexity: c"O(N) with N being the number of keys in the ring.",
        arity: 1,
        categories: c"read fast",
        key: KeyAccess::None,
        args: &[],
    };

    fn run(_args: &[Arg]) -> CommandResult {
        Ok(Value::Text(keyring::current()?.ring.public_jwks(seconds(unix_ms()))).into())
    }
}
