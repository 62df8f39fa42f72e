//! The format of a command's reply: Redis' own types, or one JSON text.

use crate::error::{self, Error};
use crate::redis::spec::{ArgKind, ArgSpec, required, word};
use hallpass_engine::arguments::is_word;

/// The format of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Maps, arrays, numbers.
    #[default]
    Resp,
    /// A bulk string that is JSON, the same in RESP2 and RESP3.
    Json,
}

/// The documentation of the option `FORMAT JSON`.
pub const FORMAT: ArgSpec =
    required(c"format", ArgKind::OneOf(&[word(c"json", c"JSON")])).behind(c"FORMAT").optional();

impl Format {
    /// Reads the value of FORMAT.
    ///
    /// # Errors
    /// [`error::SYNTAX`] for anything but `JSON`.
    pub fn parse(value: &[u8]) -> Result<Self, Error> {
        if is_word(value, "JSON") { Ok(Self::Json) } else { Err(error::SYNTAX) }
    }
}
