//! Loading: settings, keyring, documentation. Whatever fails is one line in the log, and the module is not loaded.

use crate::config::{self, Config};
use crate::dispatch::guarded;
use crate::spec::COMMANDS;
use crate::{command_info, ffi, info, keyring, log, settings, signing};
use redis_module::{Context, RedisString, Status};

/// Everything after the commands are registered. Nothing here leaves a callback behind when it fails.
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

/// Before the module is unloaded.
pub fn deinit(_ctx: &Context) -> Status {
    guarded(signing::stop);
    Status::Ok
}

fn load(ctx: &Context, args: &[RedisString]) -> Result<(), String> {
    ffi::keep_detached_context(ctx);
    log_panics();
    if !args.is_empty() {
        return Err("module arguments are not supported; use hallpass.* settings in redis.conf".into());
    }
    ffi::create_commands(ctx).ok_or("commands cannot be created: another module may have them")?;
    COMMANDS.iter().try_for_each(|command| command_info::document(ctx, command)).map_err(String::from)?;
    settings::load(ctx)?;
    let config = Config::current();
    if !config.is_consistent() {
        return Err(config::CONTRADICTION.into());
    }
    let loaded = keyring::load(&config.keyring_file)
        .map_err(|error| keyring::refusal(&config.keyring_file, &error))?;
    keyring::install(loaded);
    info::warnings(ctx).into_iter().for_each(log::warning);
    ffi::finish_loading(ctx);
    Ok(())
}

/// Logs where a panic happened, and not its message, which may hold what a client sent.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(String::new(), |at| format!(" at {}:{}", at.file(), at.line()));
        log::warning(&format!("a command was stopped by an internal error{place}"));
    }));
}
