//! Writes commands.

use redis::{Arg, Cmd, ToRedisArgs};

/// Begins a command about a key, with room for tokens and options of the usual length.
pub fn about(name: &str, key: &str) -> Cmd {
    let mut command = Cmd::with_capacity(8, 1024);
    command.arg(name).arg(key);
    command
}

/// Appends `name value` if there is a value.
pub fn option(command: &mut Cmd, name: &str, value: Option<impl ToRedisArgs>) {
    if let Some(value) = value {
        command.arg(name).arg(value);
    }
}

/// Returns the name of a command, its first word.
pub fn name(command: &Cmd) -> &str {
    match command.args_iter().next() {
        Some(Arg::Simple(name)) => str::from_utf8(name).unwrap_or_default(),
        _ => "",
    }
}
