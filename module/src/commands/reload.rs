//! `AUTH.RELOAD` → OK. Reads the keyring file again, on the node that is asked.
//!
//! A file that is not usable is refused, with one line in the log that says why, and the ring in use stays.

use super::{Outcome, complete};
use crate::config::Config;
use crate::error;
use crate::ffi::Arg;
use crate::reply::Reply;
use crate::{keyring, log, verified};
use redis_module::Context;

/// Runs the command.
pub fn run(_ctx: &Context, args: &[Arg]) -> Outcome {
    if args.len() != 1 {
        return Err(error::SYNTAX);
    }
    let path = &Config::current().keyring_file;
    match keyring::reload(path) {
        Ok(()) => {
            // Another key may have taken over a key id.
            verified::forget();
            log::notice("the keyring was reloaded");
            complete(Reply::Ok)
        }
        Err(reason) => {
            log::warning(&format!("the keyring in use stays: {}", keyring::refusal(path, &reason)));
            Err(error::KEYRING)
        }
    }
}
