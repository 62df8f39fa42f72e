//! Reads replies.

use crate::error::CommandError;
use redis::{FromRedisValue, ParsingError, Value};
use std::mem;

/// A reply map, which RESP2 and RESP3 write differently. It is small, and each field is looked for once: a table of
/// hashes would cost more than it saves.
pub struct Fields(Vec<(Value, Value)>);

impl FromRedisValue for Fields {
    fn from_redis_value(reply: Value) -> Result<Self, ParsingError> {
        let pairs = reply.into_map_iter().map_err(|_| ParsingError::from("not a map"))?;
        Ok(Self(pairs.collect()))
    }
}

impl Fields {
    /// Takes one field. A missing field is an error unless its type has `None`.
    pub fn take<T: FromRedisValue>(&mut self, name: &str) -> Result<T, CommandError> {
        let is_named = |key: &Value| matches!(key, Value::BulkString(key) if key == name.as_bytes());
        let found = self.0.iter_mut().find(|(key, _)| is_named(key));
        let value = found.map_or(Value::Nil, |(_, value)| mem::take(value));
        T::from_redis_value(value).map_err(|_| CommandError::unexpected_answer())
    }
}

#[cfg(test)]
impl Fields {
    /// Reads a reply as it comes from Redis.
    pub fn parse(reply: &str) -> Self {
        Self::from_redis_value(redis::parse_redis_value(reply.as_bytes()).expect("a reply")).expect("a map")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_from_both_protocols() {
        for head in ["%2\r\n", "*4\r\n"] {
            let mut fields = Fields::parse(&format!("{head}$1\r\na\r\n$1\r\nx\r\n$1\r\nb\r\n:7\r\n"));
            assert_eq!((fields.take("a"), fields.take("b")), (Ok("x".to_owned()), Ok(7)));
        }
        let mut active = ["%1\r\n$6\r\nactive\r\n#f\r\n", "*2\r\n$6\r\nactive\r\n:0\r\n"].map(Fields::parse);
        assert_eq!(active.each_mut().map(|fields| fields.take("active")), [Ok(false), Ok(false)]);
    }

    #[test]
    fn an_absent_field_may_only_be_none() {
        let mut fields = Fields::parse("%0\r\n");
        assert_eq!(fields.take::<Option<u64>>("a"), Ok(None));
        assert_eq!(fields.take::<u64>("a"), Err(CommandError::unexpected_answer()));
        assert!(Fields::from_redis_value(Value::Okay).is_err());
    }
}
