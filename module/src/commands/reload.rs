//! `AUTH.RELOAD` → OK. Reads the keyring file again, on the node that receives the command.
//!
//! An unusable file is refused, with the reason as one line in the log, and the ring in use stays.

use super::call::NodeCommand;
use crate::config::Config;
use crate::redis::args::Arg;
use crate::redis::log;
use crate::redis::spec::{CommandSpec, KeyAccess};
use crate::reply::{CommandResult, Value};
use crate::{error, keyring};

/// The command.
pub struct Reload;

impl NodeCommand for Reload {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.reload",
        summary: c"Reads the keyring file again.",
        flags: c"admin allow-loading allow-stale no-monitor no-slowlog",
        tips: None,
        complexity: c"O(N) with N being the number of keys in the file.",
        arity: 1,
        categories: c"admin dangerous slow",
        key: KeyAccess::None,
        args: &[],
    };

    fn run(_args: &[Arg]) -> CommandResult {
        let path = &Config::current().keyring_file;
        match keyring::reload(path) {
            Ok(()) => {
                log::notice("the keyring was reloaded");
                Ok(Value::Ok.into())
            }
            Err(reason) => {
                log::warning(&format!("the keyring in use stays: {}", keyring::refusal(path, &reason)));
                Err(error::KEYRING)
            }
        }
    }
}
