//! Writes commands.

use crate::contract::{command, option as word};
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

/// Asks for the reply as JSON text.
pub fn as_json(command: &mut Cmd) -> &Cmd {
    command.arg(word::FORMAT).arg(word::JSON)
}

/// Returns the key of a command: those that have one have it right after their name.
pub fn key(command: &Cmd) -> Option<&[u8]> {
    let has_key =
        |name: &[u8]| name.starts_with(command::PREFIX.as_bytes()) || name == command::SET.as_bytes();
    let mut arguments = command.args_iter();
    match (arguments.next()?, arguments.next()?) {
        (Arg::Simple(name), Arg::Simple(key)) if has_key(name) => Some(key),
        _ => None,
    }
}

/// Returns the name of a command, its first word.
pub fn name(command: &Cmd) -> &str {
    match command.args_iter().next() {
        Some(Arg::Simple(name)) => str::from_utf8(name).unwrap_or_default(),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::cmd;

    #[test]
    fn auth_commands_and_set_have_a_key() {
        assert_eq!(key(cmd("AUTH.REFRESH").arg("auth:42").arg("token")), Some(&b"auth:42"[..]));
        assert_eq!(key(cmd("SET").arg("hallpass:used:x").arg(1)), Some(&b"hallpass:used:x"[..]));
        assert_eq!(key(&cmd("AUTH.JWKS")), None);
        assert_eq!(key(cmd("INFO").arg("hallpass")), None);
    }
}
