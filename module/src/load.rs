//! Loading: settings, keyring, commands. A failure is one line in the log, and the module is not loaded.

use crate::clock::unix_ms;
use crate::commands::COMMANDS;
use crate::config::{self, Config};
use crate::info::{self, Info};
use crate::redis::guard::guarded;
use crate::redis::{log, module};
use crate::stats::STATS;
use crate::tokens::{receipts, signing, verify_cache};
use crate::{epoch, estimates, keyring, logins};
use redis_module::{Context, RedisString, Status};

/// Loads the module. Nothing here leaves a callback behind when it fails.
pub fn init(ctx: &Context, args: &[RedisString]) -> Status {
    guarded(|| match load(ctx, args) {
        Ok(()) => Status::Ok,
        Err(reason) => {
            log::warning(&reason);
            Status::Err
        }
    })
    .unwrap_or(Status::Err)
}

/// Runs before the module is unloaded.
pub fn deinit(_ctx: &Context) -> Status {
    guarded(signing::stop);
    Status::Ok
}

fn load(ctx: &Context, args: &[RedisString]) -> Result<(), String> {
    log::keep_detached_context(ctx);
    log_panics();
    if !args.is_empty() {
        return Err("module arguments are not supported; use hallpass.* settings in redis.conf".into());
    }
    forget_everything();
    COMMANDS.iter().try_for_each(|command| command.register(ctx))?;
    config::load(ctx)?;
    let path = &Config::current().keyring_file;
    keyring::install(keyring::load(path).map_err(|error| keyring::refusal(path, &error))?);
    epoch::begin(unix_ms());
    info::warnings(ctx).into_iter().for_each(log::warning);
    module::set_options(ctx);
    crate::redis::info::register::<Info>(ctx);
    Ok(())
}

/// Begins anew. After MODULE UNLOAD the library may stay mapped, with what the module knew: proofs of receipt, verified
/// tokens, logins, counts and estimates of a time since which anything may have happened.
fn forget_everything() {
    STATS.reset();
    receipts::clear();
    verify_cache::clear();
    logins::clear();
    estimates::clear();
}

/// Logs the place of a panic, but not its message, which may contain what a client sent.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(String::new(), |at| format!(" at {}:{}", at.file(), at.line()));
        log::warning(&format!("a command was stopped by an internal error{place}"));
    }));
}
