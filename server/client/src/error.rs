//! The errors of commands.

use crate::contract::code;
use redis::RedisError;
use std::fmt;

/// The reason for which a command gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// `INVALIDTOKEN`: not a token of this Hallpass, or not for this key, client or audience.
    InvalidToken,
    /// `EXPIREDTOKEN`: the token or its session has expired.
    ExpiredToken,
    /// `NOSESSION`: the session has ended.
    NoSession,
    /// `REUSEDTOKEN`: an old refresh token came back; its session has been ended.
    ReusedToken,
    /// `STALETOKEN`: the session's claims have changed since the token was signed.
    StaleToken,
    /// `SESSIONLIMIT`: the session would be one too many.
    SessionLimit,
    /// `WRONGTYPE`: the subject's key holds something that is not sessions.
    WrongType,
    /// `ERR hallpass: …`: a mistake of the caller, in the module's fixed words.
    Rejected(String),
    /// Everything else: Redis is unreachable, busy, read-only, full, or without the module. It says nothing about any
    /// token. The reason is for the operator; it contains no argument of the command.
    Unavailable(String),
}

/// How the redis crate begins to say that it could not select a database, which the code alone does not tell.
const REFUSED_DATABASE: &str = "Redis server refused to switch database";

impl CommandError {
    /// Reads an error of the redis crate: the server's reply, or why there is none. It is not a public `From`, which
    /// would make that crate a part of this one's interface.
    pub(crate) fn of(error: RedisError) -> Self {
        match error.code() {
            Some(_) if error.to_string().starts_with(REFUSED_DATABASE) => Self::refused_database(),
            Some(code) => Self::from_reply(code, error.detail().unwrap_or_default()),
            None => Self::Unavailable(error.to_string()),
        }
    }

    /// Reads an error reply, whose first word is `code` and the rest `detail`.
    fn from_reply(code: &str, detail: &str) -> Self {
        match code {
            code::INVALIDTOKEN => Self::InvalidToken,
            code::EXPIREDTOKEN => Self::ExpiredToken,
            code::NOSESSION => Self::NoSession,
            code::REUSEDTOKEN => Self::ReusedToken,
            code::STALETOKEN => Self::StaleToken,
            code::SESSIONLIMIT => Self::SessionLimit,
            code::WRONGTYPE => Self::WrongType,
            code::ERR => match detail.strip_prefix(code::USAGE) {
                Some(text) => Self::Rejected(text.to_owned()),
                // Redis repeats the arguments of a command that it does not know, tokens among them.
                None if detail.starts_with("unknown command") => Self::no_module(),
                None if code::FAULTS.contains(&detail) => {
                    Self::Unavailable(format!("Redis answered: {detail}"))
                }
                None => Self::Unavailable("Redis answered ERR".into()),
            },
            code::NOPERM => Self::Unavailable(format!("Redis answered NOPERM: {}", missing_right(detail))),
            code => Self::Unavailable(format!("Redis answered {code}")),
        }
    }

    /// Returns the error of a Redis that does not select the database of the address.
    fn refused_database() -> Self {
        let text =
            "Redis refuses to select the database: there is none of this number, or its user lacks +select";
        Self::Unavailable(text.into())
    }

    /// Returns the error of a Redis without the module.
    pub(crate) fn no_module() -> Self {
        Self::Unavailable("the hallpass module is not loaded in this Redis".into())
    }

    /// Returns the error for an answer that no version of the module gives.
    pub(crate) fn unexpected_answer() -> Self {
        Self::Unavailable("Redis answered with something unexpected".into())
    }

    /// Returns the error for an answer that did not arrive in time.
    pub(crate) fn timeout() -> Self {
        Self::Unavailable("Redis does not answer in time".into())
    }
}

/// Names the right that the Redis user lacks. Of the reply only a command's name is repeated, as Redis has it in its own table:
/// `User app has no permissions to run the 'auth.issue' command`.
pub(crate) fn missing_right(detail: &str) -> String {
    let after = detail.split_once("to run the '").map(|(_, rest)| rest);
    let command = after.and_then(|rest| rest.split_once("' command")).map(|(name, _)| name);
    let is_plain = |name: &&str| {
        name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_|".contains(&byte))
    };
    match command.filter(is_plain) {
        Some(command) => format!("its user lacks +{command}"),
        None if detail.contains("key") => "its user lacks the key pattern, as in ~auth:*".into(),
        None => "its user lacks a right".into(),
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidToken => f.write_str("the token is not valid"),
            Self::ExpiredToken => f.write_str("the token or its session has expired"),
            Self::NoSession => f.write_str("the session does not exist"),
            Self::ReusedToken => {
                f.write_str("an older refresh token was used again, so its session was ended")
            }
            Self::StaleToken => f.write_str("the claims have changed since the token was signed"),
            Self::SessionLimit => f.write_str("the session limit is reached"),
            Self::WrongType => f.write_str("the key does not hold sessions"),
            Self::Rejected(text) => write!(f, "the command was rejected: {text}"),
            Self::Unavailable(reason) => write!(f, "Redis is unavailable: {reason}"),
        }
    }
}

impl std::error::Error for CommandError {}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::{Value, parse_redis_value};

    fn error(reply: &str) -> CommandError {
        let reply = parse_redis_value(format!("-{reply}\r\n").as_bytes()).and_then(Value::extract_error);
        CommandError::of(reply.expect_err("an error"))
    }

    #[test]
    fn a_reply_is_read_by_its_code() {
        for (reply, expected) in [
            ("INVALIDTOKEN the token is not valid", CommandError::InvalidToken),
            ("EXPIREDTOKEN the token or its session has expired", CommandError::ExpiredToken),
            ("NOSESSION the session does not exist", CommandError::NoSession),
            ("REUSEDTOKEN an older refresh token was used again", CommandError::ReusedToken),
            ("STALETOKEN the claims have changed", CommandError::StaleToken),
            ("SESSIONLIMIT the session limit is reached", CommandError::SessionLimit),
            ("WRONGTYPE the key does not hold sessions", CommandError::WrongType),
            ("ERR hallpass: syntax error", CommandError::Rejected("syntax error".into())),
        ] {
            assert_eq!(error(reply), expected);
        }
    }

    #[test]
    fn a_missing_right_is_named_and_nothing_of_the_caller() {
        for (reply, named) in [
            ("this user has no permissions to run the 'auth.issue' command", "lacks +auth.issue"),
            ("User hp has no permissions to run the 'client|tracking' command", "lacks +client|tracking"),
            (
                "this user has no permissions to access one of the keys used as arguments",
                "lacks the key pattern",
            ),
            ("No permissions to access a key", "lacks the key pattern"),
            ("to run the 'secret of mine' command", "lacks a right"),
            ("secret", "lacks a right"),
        ] {
            let CommandError::Unavailable(reason) = error(&format!("NOPERM {reply}")) else {
                panic!("{reply}")
            };
            assert!(
                reason.contains(named) && !reason.contains("secret") && !reason.contains("hp"),
                "{reason}"
            );
        }
    }

    #[test]
    fn every_other_reply_is_an_outage_and_its_text_is_not_repeated() {
        for reply in [
            "ERR value is not an integer: secret",
            "ERR unknown command 'AUTH.VERIFY', with args beginning with: 'hp1.secret'",
            "READONLY secret",
            "LOADING secret",
            "NOPERM secret",
            "OOM secret",
        ] {
            let CommandError::Unavailable(reason) = error(reply) else { panic!("{reply}") };
            assert!(!reason.contains("secret"), "{reason}");
        }
    }
}
