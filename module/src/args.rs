//! A command's arguments, as far as they depend on the configuration; their grammar is the engine's.

use crate::error::{self, Error};
use hallpass_engine::key_pattern::KeyPattern;
use redis_module::RedisString;

/// The subject that the key belongs to.
pub fn subject<'k>(pattern: &KeyPattern, key: &'k RedisString) -> Result<&'k str, Error> {
    pattern.subject_of(key.as_slice()).ok_or(error::KEY)
}
