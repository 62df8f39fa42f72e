//! A command's arguments: options in any order, in any case, each at most once, and the values that they take.
//!
//! An argument may be of any type that lends its bytes.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, RangeInclusive};

/// The reason for which an argument is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentError {
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

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "unknown option, or option without its value",
            Self::Repeated => "option given twice",
            Self::Number => "not an integer, or out of range",
            Self::Name => "not 1-64 of A-Z a-z 0-9 _ . : -",
            Self::Audience => "not 1-255 printable characters",
        })
    }
}

impl std::error::Error for ArgumentError {}

/// The keywords that a command knows at one position, as an enum: see [`keywords!`](crate::keywords).
pub trait Keyword: Copy + 'static {
    /// Every keyword, in upper case. At most 32.
    const WORDS: &'static [(&'static str, Self)];

    /// Reads one of the keywords, ignoring ASCII case.
    fn read(arg: &[u8]) -> Option<Self> {
        Self::WORDS.iter().find(|(word, _)| is_word(arg, word)).map(|(_, keyword)| *keyword)
    }
}

/// Declares an enum of keywords, so that a keyword that is listed but not handled does not compile.
#[macro_export]
macro_rules! keywords {
    ($(#[$doc:meta])* $visibility:vis enum $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)] // Each is the word of its name.
        $visibility enum $name { $($variant),+ }

        impl $crate::arguments::Keyword for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        }
    };
}

/// The options behind a command's fixed arguments.
pub struct Options<'a, A, K> {
    rest: &'a [A],
    /// A bit for each of the keywords.
    seen: u32,
    keywords: PhantomData<K>,
}

impl<'a, A: Deref<Target = [u8]>, K: Keyword> Options<'a, A, K> {
    /// Creates a reader of the options in `args`.
    pub fn new(args: &'a [A]) -> Self {
        Self { rest: args, seen: 0, keywords: PhantomData }
    }

    /// Reads the next option's name; `None` at the end.
    ///
    /// # Errors
    /// [`ArgumentError`] for a name that is unknown or was given before.
    pub fn next_name(&mut self) -> Result<Option<K>, ArgumentError> {
        let Some(arg) = self.take() else {
            return Ok(None);
        };
        let is_named = |(word, _): &(&str, K)| is_word(arg, word);
        let index = K::WORDS.iter().position(is_named).ok_or(ArgumentError::Syntax)?;
        if self.seen & 1 << index != 0 {
            return Err(ArgumentError::Repeated);
        }
        self.seen |= 1 << index;
        Ok(Some(K::WORDS[index].1))
    }

    /// Reads the value of the option just named.
    ///
    /// # Errors
    /// [`ArgumentError::Syntax`] when there is none.
    pub fn value(&mut self) -> Result<&'a [u8], ArgumentError> {
        self.take().ok_or(ArgumentError::Syntax)
    }

    /// Reads one of the words of `W`, if it comes next.
    pub fn optional_word<W: Keyword>(&mut self) -> Option<W> {
        let (arg, rest) = self.rest.split_first()?;
        let word = W::read(arg)?;
        self.rest = rest;
        Some(word)
    }

    fn take(&mut self) -> Option<&'a [u8]> {
        let (arg, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(arg)
    }
}

/// Returns whether `arg` is the keyword `word`, ignoring ASCII case. `word` is upper case.
pub fn is_word(arg: &[u8], word: &str) -> bool {
    arg.eq_ignore_ascii_case(word.as_bytes())
}

/// Parses a decimal integer within the range: digits only, no sign, no leading zeros.
///
/// # Errors
/// [`ArgumentError::Number`].
pub fn integer(text: &[u8], range: RangeInclusive<u64>) -> Result<u64, ArgumentError> {
    let is_canonical =
        text.iter().all(u8::is_ascii_digit) && (text.len() == 1 || text.first() != Some(&b'0'));
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.filter(|number| is_canonical && range.contains(number)).ok_or(ArgumentError::Number)
}

/// Parses a class or client name: 1–64 of `[A-Za-z0-9_.:-]`.
///
/// # Errors
/// [`ArgumentError::Name`].
pub fn name(text: &[u8]) -> Result<&str, ArgumentError> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(byte);
    let is_name = (1..=64).contains(&text.len()) && text.iter().all(fits);
    std::str::from_utf8(text).ok().filter(|_| is_name).ok_or(ArgumentError::Name)
}

/// Parses an audience: 1–255 printable ASCII characters.
///
/// # Errors
/// [`ArgumentError::Audience`].
pub fn audience(text: &[u8]) -> Result<&str, ArgumentError> {
    let is_audience = (1..=255).contains(&text.len()) && text.iter().all(|byte| (b' '..=b'~').contains(byte));
    std::str::from_utf8(text).ok().filter(|_| is_audience).ok_or(ArgumentError::Audience)
}

/// Parses the audience of a session. `*` is refused: it makes AUTH.VERIFY skip the check, so nobody could ask for it.
///
/// # Errors
/// [`ArgumentError::Audience`].
pub fn session_audience(text: &[u8]) -> Result<&str, ArgumentError> {
    audience(text).and_then(|text| if text == "*" { Err(ArgumentError::Audience) } else { Ok(text) })
}

/// Returns the audience that a token must have: the one asked for (`*` for any), else the configured one, if any.
pub fn required_audience<'a>(asked: Option<&'a str>, configured: Option<&'a str>) -> Option<&'a str> {
    match asked {
        Some("*") => None,
        Some(audience) => Some(audience),
        None => configured,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    keywords! {
        enum Known { Class = "CLASS", Limit = "LIMIT", All = "ALL" }
    }

    keywords! {
        enum Mode { Evict = "EVICT", Reject = "REJECT" }
    }

    fn options<'a>(args: &'a [&'a [u8]]) -> Options<'a, &'a [u8], Known> {
        Options::new(args)
    }

    #[test]
    fn the_audience_that_is_asked_for_comes_before_the_configured_one() {
        assert_eq!(required_audience(None, Some("a")), Some("a"));
        assert_eq!(required_audience(Some("b"), Some("a")), Some("b"));
        assert_eq!(required_audience(Some("*"), Some("a")), None);
        assert_eq!(required_audience(None, None), None);
        assert_eq!((session_audience(b"a"), session_audience(b"*")), (Ok("a"), Err(ArgumentError::Audience)));
    }

    #[test]
    fn reads_options_in_any_case_and_order_with_their_values() {
        let mut options = options(&[b"limit", b"3", b"Reject", b"cLaSs", b"all", b"ALL"]);
        assert_eq!(options.next_name(), Ok(Some(Known::Limit)));
        assert_eq!(options.value(), Ok(&b"3"[..]));
        assert_eq!(options.optional_word(), Some(Mode::Reject));
        assert_eq!(options.next_name(), Ok(Some(Known::Class)));
        assert_eq!(options.optional_word::<Mode>(), None, "and the value stays");
        assert_eq!(options.value(), Ok(&b"all"[..]));
        assert_eq!(options.next_name(), Ok(Some(Known::All)));
        assert_eq!(options.next_name(), Ok(None));
        assert_eq!(options.value(), Err(ArgumentError::Syntax));
    }

    #[test]
    fn refuses_unknown_and_repeated_options() {
        for unknown in [&b""[..], b"CLAS", b"CLASSY", b"CLASS\0", b"\xff"] {
            assert_eq!(options(&[unknown]).next_name(), Err(ArgumentError::Syntax));
        }
        let mut twice = options(&[b"ALL", b"CLASS", b"all"]);
        assert_eq!(twice.next_name(), Ok(Some(Known::All)));
        assert_eq!(twice.next_name(), Ok(Some(Known::Class)));
        assert_eq!(twice.next_name(), Err(ArgumentError::Repeated));
    }

    #[test]
    fn integers_have_one_spelling() {
        for (text, number) in [("0", 0), ("7", 7), ("18446744073709551615", u64::MAX)] {
            assert_eq!(integer(text.as_bytes(), 0..=u64::MAX), Ok(number));
        }
        for text in ["", "00", "07", "+7", "-0", " 7", "7 ", "7.", "1e1", "0x1", "٧", "18446744073709551616"]
        {
            assert_eq!(integer(text.as_bytes(), 0..=u64::MAX), Err(ArgumentError::Number), "{text:?}");
        }
        assert_eq!(
            (integer(b"0", 1..=9), integer(b"10", 1..=9)),
            (Err(ArgumentError::Number), Err(ArgumentError::Number))
        );
    }

    #[test]
    fn names_and_audiences_are_short_and_plain() {
        let long = "x".repeat(256);
        assert_eq!(name(b"Az09_.:-"), Ok("Az09_.:-"));
        assert_eq!(name(&long.as_bytes()[..64]).map(str::len), Ok(64));
        for text in ["", " ", "a b", "a\0", "é", &long[..65]] {
            assert_eq!(name(text.as_bytes()), Err(ArgumentError::Name), "{text:?}");
        }
        assert_eq!(audience(b" https://a.example/~"), Ok(" https://a.example/~"));
        assert_eq!(audience(&long.as_bytes()[..255]).map(str::len), Ok(255));
        for text in ["", "a\n", "\u{7f}", "é", &long] {
            assert_eq!(audience(text.as_bytes()), Err(ArgumentError::Audience), "{text:?}");
        }
        assert_eq!(
            (name(b"\xff"), audience(b"\xff")),
            (Err(ArgumentError::Name), Err(ArgumentError::Audience))
        );
    }
}
