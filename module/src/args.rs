//! Reading a command's arguments: options in any order, in any case, each at most once.

use crate::error::{self, Error};
use hallpass_engine::key_pattern::KeyPattern;
use redis_module::RedisString;

/// The subject that the key belongs to.
pub fn subject<'k>(pattern: &KeyPattern, key: &'k RedisString) -> Result<&'k str, Error> {
    pattern.subject_of(key.as_slice()).ok_or(error::KEY)
}

/// The options behind a command's fixed arguments.
pub struct Options<'a> {
    rest: std::slice::Iter<'a, RedisString>,
    seen: Vec<&'static str>,
}

impl<'a> Options<'a> {
    /// Reads from the first option on.
    pub fn new(args: &'a [RedisString]) -> Self {
        Self { rest: args.iter(), seen: Vec::new() }
    }

    /// The next option's name, one of `known`; `None` at the end.
    ///
    /// # Errors
    /// For a name that is not known, or that was given before.
    pub fn next_name(&mut self, known: &[&'static str]) -> Result<Option<&'static str>, Error> {
        let Some(arg) = self.rest.next() else {
            return Ok(None);
        };
        let name = *known
            .iter()
            .find(|name| arg.as_slice().eq_ignore_ascii_case(name.as_bytes()))
            .ok_or(error::SYNTAX)?;
        if self.seen.contains(&name) {
            return Err(error::REPEATED);
        }
        self.seen.push(name);
        Ok(Some(name))
    }

    /// The value of the option just named.
    pub fn value(&mut self) -> Result<&'a [u8], Error> {
        self.rest.next().map(RedisString::as_slice).ok_or(error::SYNTAX)
    }

    /// One of `words`, if it comes next.
    pub fn optional_word(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let arg = self.rest.as_slice().first()?;
        let word = words.iter().find(|word| arg.as_slice().eq_ignore_ascii_case(word.as_bytes()))?;
        self.rest.next();
        Some(word)
    }
}

/// A decimal integer within the range: digits only, no sign, no leading zeros.
pub fn integer(text: &[u8], range: std::ops::RangeInclusive<u64>) -> Result<u64, Error> {
    let is_canonical =
        text.iter().all(u8::is_ascii_digit) && (text.len() == 1 || text.first() != Some(&b'0'));
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.filter(|number| is_canonical && range.contains(number)).ok_or(error::RANGE)
}

/// A class or client name: 1–64 of `[A-Za-z0-9_.:-]`.
pub fn name(text: &[u8]) -> Result<&str, Error> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(byte);
    let is_name = (1..=64).contains(&text.len()) && text.iter().all(fits);
    std::str::from_utf8(text).ok().filter(|_| is_name).ok_or(error::NAME)
}

/// An audience: 1–255 printable ASCII characters.
pub fn audience(text: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(text).ok().filter(|text| is_audience(text)).ok_or(error::AUDIENCE)
}

/// Whether the text may stand as an audience.
pub fn is_audience(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
