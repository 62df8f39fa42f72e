//! A command's arguments: options in any order, in any case, each at most once, and the values that they take.
//!
//! Arguments are whatever a server has them in, as long as it lends their bytes.

use std::ops::{Deref, RangeInclusive};

/// What is wrong with an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// An unknown option, or one without its value.
    Syntax,
    /// An option was given more than once.
    Repeated,
    /// Not a decimal integer, or out of range.
    Number,
    /// Not 1–64 of `[A-Za-z0-9_.:-]`.
    Name,
    /// Not 1–255 printable ASCII characters.
    Audience,
}

/// The options behind a command's fixed arguments.
pub struct Options<'a, A> {
    rest: &'a [A],
    known: &'static [&'static str],
    /// A bit for each of `known`.
    seen: u32,
}

impl<'a, A: Deref<Target = [u8]>> Options<'a, A> {
    /// Reads from the first option on. A command knows at most 32.
    pub fn new(args: &'a [A], known: &'static [&'static str]) -> Self {
        Self { rest: args, known, seen: 0 }
    }

    /// The next option's name, one of those known; `None` at the end.
    ///
    /// # Errors
    /// [`Misuse`] for a name that is not known, or that was given before.
    pub fn next_name(&mut self) -> Result<Option<&'static str>, Misuse> {
        let Some(arg) = self.take() else {
            return Ok(None);
        };
        let index = self.known.iter().position(|name| is_word(arg, name)).ok_or(Misuse::Syntax)?;
        if self.seen & 1 << index != 0 {
            return Err(Misuse::Repeated);
        }
        self.seen |= 1 << index;
        Ok(Some(self.known[index]))
    }

    /// The value of the option just named.
    ///
    /// # Errors
    /// [`Misuse::Syntax`] when there is none.
    pub fn value(&mut self) -> Result<&'a [u8], Misuse> {
        self.take().ok_or(Misuse::Syntax)
    }

    /// One of `words`, if it comes next.
    pub fn optional_word(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let (arg, rest) = self.rest.split_first()?;
        let word = words.iter().find(|word| is_word(arg, word))?;
        self.rest = rest;
        Some(word)
    }

    fn take(&mut self) -> Option<&'a [u8]> {
        let (arg, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(arg)
    }
}

/// Whether an argument is a word of a command, which is written in upper case here and in any case there.
pub fn is_word(arg: &[u8], word: &str) -> bool {
    arg.eq_ignore_ascii_case(word.as_bytes())
}

/// A decimal integer within the range: digits only, no sign, no leading zeros.
///
/// # Errors
/// [`Misuse::Number`].
pub fn integer(text: &[u8], range: RangeInclusive<u64>) -> Result<u64, Misuse> {
    let is_canonical =
        text.iter().all(u8::is_ascii_digit) && (text.len() == 1 || text.first() != Some(&b'0'));
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.filter(|number| is_canonical && range.contains(number)).ok_or(Misuse::Number)
}

/// A class or client name: 1–64 of `[A-Za-z0-9_.:-]`.
///
/// # Errors
/// [`Misuse::Name`].
pub fn name(text: &[u8]) -> Result<&str, Misuse> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(byte);
    let is_name = (1..=64).contains(&text.len()) && text.iter().all(fits);
    std::str::from_utf8(text).ok().filter(|_| is_name).ok_or(Misuse::Name)
}

/// An audience: 1–255 printable ASCII characters.
///
/// # Errors
/// [`Misuse::Audience`].
pub fn audience(text: &[u8]) -> Result<&str, Misuse> {
    let is_audience = (1..=255).contains(&text.len()) && text.iter().all(|byte| (b' '..=b'~').contains(byte));
    std::str::from_utf8(text).ok().filter(|_| is_audience).ok_or(Misuse::Audience)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["CLASS", "LIMIT", "ALL"];

    fn options<'a>(args: &'a [&'a [u8]]) -> Options<'a, &'a [u8]> {
        Options::new(args, &KNOWN)
    }

    #[test]
    fn reads_options_in_any_case_and_order_with_their_values() {
        let mut options = options(&[b"limit", b"3", b"Reject", b"cLaSs", b"all", b"ALL"]);
        assert_eq!(options.next_name(), Ok(Some("LIMIT")));
        assert_eq!(options.value(), Ok(&b"3"[..]));
        assert_eq!(options.optional_word(&["EVICT", "REJECT"]), Some("REJECT"));
        assert_eq!(options.next_name(), Ok(Some("CLASS")));
        assert_eq!(options.optional_word(&["EVICT", "REJECT"]), None, "and the value stays");
        assert_eq!(options.value(), Ok(&b"all"[..]));
        assert_eq!(options.next_name(), Ok(Some("ALL")));
        assert_eq!(options.next_name(), Ok(None));
        assert_eq!(options.value(), Err(Misuse::Syntax));
    }

    #[test]
    fn refuses_unknown_and_repeated_options() {
        for unknown in [&b""[..], b"CLAS", b"CLASSY", b"CLASS\0", b"\xff"] {
            assert_eq!(options(&[unknown]).next_name(), Err(Misuse::Syntax));
        }
        let mut twice = options(&[b"ALL", b"CLASS", b"all"]);
        assert_eq!(twice.next_name(), Ok(Some("ALL")));
        assert_eq!(twice.next_name(), Ok(Some("CLASS")));
        assert_eq!(twice.next_name(), Err(Misuse::Repeated));
    }

    #[test]
    fn integers_have_one_spelling() {
        for (text, number) in [("0", 0), ("7", 7), ("18446744073709551615", u64::MAX)] {
            assert_eq!(integer(text.as_bytes(), 0..=u64::MAX), Ok(number));
        }
        for text in ["", "00", "07", "+7", "-0", " 7", "7 ", "7.", "1e1", "0x1", "٧", "18446744073709551616"]
        {
            assert_eq!(integer(text.as_bytes(), 0..=u64::MAX), Err(Misuse::Number), "{text:?}");
        }
        assert_eq!((integer(b"0", 1..=9), integer(b"10", 1..=9)), (Err(Misuse::Number), Err(Misuse::Number)));
    }

    #[test]
    fn names_and_audiences_are_short_and_plain() {
        let long = "x".repeat(256);
        assert_eq!(name(b"Az09_.:-"), Ok("Az09_.:-"));
        assert_eq!(name(&long.as_bytes()[..64]).map(str::len), Ok(64));
        for text in ["", " ", "a b", "a\0", "é", &long[..65]] {
            assert_eq!(name(text.as_bytes()), Err(Misuse::Name), "{text:?}");
        }
        assert_eq!(audience(b" https://a.example/~"), Ok(" https://a.example/~"));
        assert_eq!(audience(&long.as_bytes()[..255]).map(str::len), Ok(255));
        for text in ["", "a\n", "\u{7f}", "é", &long] {
            assert_eq!(audience(text.as_bytes()), Err(Misuse::Audience), "{text:?}");
        }
        assert_eq!((name(b"\xff"), audience(b"\xff")), (Err(Misuse::Name), Err(Misuse::Audience)));
    }
}
