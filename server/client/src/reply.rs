//! Reads what the commands answer.

use crate::wire::{CommandError, Inspected, Session, Tokens};
use redis::{FromRedisValue, ParsingError, RedisError, Value};
use std::mem;

/// A reply map, which RESP2 and RESP3 write differently. It is small, and each member is looked for once: a table of
/// hashes would cost more than it saves.
pub struct Members(Vec<(Value, Value)>);

impl FromRedisValue for Members {
    fn from_redis_value(reply: Value) -> Result<Self, ParsingError> {
        let pairs = reply.into_map_iter().map_err(|_| ParsingError::from("not a map"))?;
        Ok(Self(pairs.collect()))
    }
}

/// Reads the reply of AUTH.ISSUE and AUTH.REFRESH.
pub fn tokens(mut reply: Members) -> Result<Tokens, CommandError> {
    Ok(Tokens {
        access_token: member(&mut reply, "access_token")?,
        expires_in: member(&mut reply, "expires_in")?,
        refresh_token: member(&mut reply, "refresh_token")?,
        refresh_expires_in: member(&mut reply, "refresh_expires_in")?,
        session_id: member(&mut reply, "session_id")?,
        evicted: member(&mut reply, "evicted")?,
    })
}

/// Reads an entry of AUTH.SESSIONS.
pub fn session(mut entry: Members) -> Result<Session, CommandError> {
    Ok(Session {
        sid: member(&mut entry, "sid")?,
        class: member(&mut entry, "class")?,
        client: member(&mut entry, "client")?,
        meta: member(&mut entry, "meta")?,
        claims: member(&mut entry, "claims")?,
        issued_at: member(&mut entry, "issued_at")?,
        last_used_at: member(&mut entry, "last_used_at")?,
        expires_at: member(&mut entry, "expires_at")?,
        ends_at: member(&mut entry, "ends_at")?,
        generation: member(&mut entry, "gen")?,
    })
}

/// Reads the reply of AUTH.INSPECT.
pub fn inspected(mut reply: Members) -> Result<Inspected, CommandError> {
    Ok(Inspected {
        is_active: member(&mut reply, "active")?,
        sub: member(&mut reply, "sub")?,
        sid: member(&mut reply, "sid")?,
        exp: member(&mut reply, "exp")?,
        iat: member(&mut reply, "iat")?,
        aud: member(&mut reply, "aud")?,
        client_id: member(&mut reply, "client_id")?,
        scope: member(&mut reply, "scope")?,
    })
}

/// Takes one member; an absent one is right only where it may be `None`.
fn member<T: FromRedisValue>(reply: &mut Members, name: &str) -> Result<T, CommandError> {
    let is_named = |key: &Value| matches!(key, Value::BulkString(key) if key == name.as_bytes());
    let found = reply.0.iter_mut().find(|(key, _)| is_named(key));
    T::from_redis_value(found.map_or(Value::Nil, |(_, value)| mem::take(value))).map_err(|_| unexpected())
}

impl From<RedisError> for CommandError {
    fn from(error: RedisError) -> Self {
        match error.code() {
            Some(code) => Self::from_reply(code, error.detail().unwrap_or_default()),
            None => Self::Unavailable(error.to_string()),
        }
    }
}

/// An answer that no version of the module gives.
pub fn unexpected() -> CommandError {
    CommandError::Unavailable("Redis answered with something unexpected".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::parse_redis_value;

    fn error(reply: &str) -> CommandError {
        let value = parse_redis_value(reply.as_bytes()).expect("a reply");
        value.extract_error().expect_err("an error").into()
    }

    #[test]
    fn an_error_reply_is_read_by_its_code() {
        assert_eq!(error("-NOSESSION the session has ended\r\n"), CommandError::NoSession);
        assert_eq!(error("-WRONGTYPE no sessions\r\n"), CommandError::WrongType);
        assert_eq!(error("-ERR hallpass: syntax error\r\n"), CommandError::Rejected("syntax error".into()));
        for reply in [
            "-ERR unknown command 'AUTH.VERIFY', with args beginning with: 'hp1.secret'\r\n",
            "-OOM full\r\n",
        ] {
            let CommandError::Unavailable(reason) = error(reply) else { panic!("{reply}") };
            assert!(!reason.contains("secret"), "{reason}");
        }
    }

    #[test]
    fn tokens_are_read_from_both_protocols() {
        let members = "$12\r\naccess_token\r\n$1\r\na\r\n$10\r\nexpires_in\r\n:900\r\n$13\r\nrefresh_token\r\n$1\r\nr\r\n\
                       $18\r\nrefresh_expires_in\r\n:7\r\n$10\r\nsession_id\r\n$1\r\ns\r\n";
        for head in ["%5\r\n", "*10\r\n"] {
            let value = parse_redis_value(format!("{head}{members}").as_bytes()).expect("a reply");
            let tokens = tokens(Members::from_redis_value(value).expect("a map")).expect("tokens");
            assert_eq!((tokens.expires_in, tokens.refresh_expires_in, tokens.evicted), (900, 7, None));
        }
        assert!(tokens(Members(vec![])).is_err());
    }

    #[test]
    fn what_is_not_set_may_be_absent_and_what_must_be_there_may_not() {
        let read = |reply: &str| {
            let value = parse_redis_value(reply.as_bytes()).expect("a reply");
            inspected(Members::from_redis_value(value).expect("a map"))
        };
        let gone = "$3\r\nsub\r\n$1\r\nu\r\n$3\r\nsid\r\n$1\r\ns\r\n";
        for active in ["%3\r\n$6\r\nactive\r\n#f\r\n", "*6\r\n$6\r\nactive\r\n:0\r\n"] {
            let read = read(&format!("{active}{gone}")).expect("complete");
            assert_eq!((read.is_active, read.exp, read.sid.as_str()), (false, None, "s"));
        }
        assert!(read("%1\r\n$6\r\nactive\r\n#f\r\n").is_err());
    }
}
