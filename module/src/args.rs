//! A command's arguments, as far as they depend on the configuration; their grammar is the engine's.

use crate::error::{self, Error};
use crate::ffi::Arg;
use hallpass_engine::key_pattern::KeyPattern;

/// The subject that the key belongs to.
pub fn subject<'k>(pattern: &KeyPattern, key: &'k Arg) -> Result<&'k str, Error> {
    pattern.subject_of(key).ok_or(error::KEY)
}
