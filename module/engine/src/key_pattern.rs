//! The one-to-one mapping between Redis keys and subjects, from a pattern such as `auth:*` or `auth:{*}`.

use std::fmt;

/// A subject is at most this many bytes of UTF-8.
pub const MAX_SUBJECT_BYTES: usize = 255;
const MAX_PATTERN_BYTES: usize = 255;

/// A key pattern: the subject takes the place of its one `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPattern {
    prefix: String,
    suffix: String,
}

/// Why a key has no subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectError {
    /// The key does not match the pattern.
    OutsidePattern,
    /// The key matches, but the text in place of `*` cannot be a subject.
    Impossible,
}

impl fmt::Display for SubjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutsidePattern => "the key does not match the pattern",
            Self::Impossible => "the key is of an impossible subject",
        })
    }
}

impl std::error::Error for SubjectError {}

/// Returns `auth:*`.
impl Default for KeyPattern {
    fn default() -> Self {
        Self { prefix: "auth:".to_owned(), suffix: String::new() }
    }
}

impl KeyPattern {
    /// Parses a pattern: 1–255 bytes with exactly one `*` and no control characters. `None` for anything else.
    pub fn parse(pattern: &str) -> Option<Self> {
        let (prefix, suffix) = pattern.split_once('*')?;
        let fits = pattern.len() <= MAX_PATTERN_BYTES
            && !suffix.contains('*')
            && !pattern.contains(char::is_control);
        fits.then(|| Self { prefix: prefix.to_owned(), suffix: suffix.to_owned() })
    }

    /// Returns the subject of `key`.
    ///
    /// # Errors
    /// [`SubjectError`].
    pub fn subject_of<'k>(&self, key: &'k [u8]) -> Result<&'k str, SubjectError> {
        let subject = self.star_of(key).ok_or(SubjectError::OutsidePattern)?;
        let subject = std::str::from_utf8(subject).ok().filter(|subject| is_subject(subject));
        subject.ok_or(SubjectError::Impossible)
    }

    /// Returns the part of `key` in place of `*`.
    fn star_of<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        key.strip_prefix(self.prefix.as_bytes())?.strip_suffix(self.suffix.as_bytes())
    }

    /// Returns the key of `subject`, or `None` if it is not a valid subject.
    pub fn key_for(&self, subject: &str) -> Option<String> {
        is_subject(subject).then(|| format!("{}{subject}{}", self.prefix, self.suffix))
    }

    /// Returns whether a key can match that begins with `fixed`, followed by `count` bytes for which `is_free` is true.
    pub fn matches_some(&self, fixed: &str, count: usize, is_free: impl Fn(u8) -> bool) -> bool {
        let (prefix, suffix) = (self.prefix.as_bytes(), self.suffix.as_bytes());
        let length = fixed.len() + count;
        let Some(suffix_at) = length.checked_sub(suffix.len()).filter(|start| *start > prefix.len()) else {
            return false;
        };
        let fits = |at: usize, byte: u8| match fixed.as_bytes().get(at) {
            Some(expected) => *expected == byte,
            None => is_free(byte),
        };
        let bytes = (0..).zip(prefix).chain((suffix_at..).zip(suffix));
        bytes.into_iter().all(|(at, byte)| fits(at, *byte))
    }
}

/// Returns whether a text can be a subject: 1–255 bytes, no control characters, and not `.` or `..`, which URL paths
/// drop.
fn is_subject(subject: &str) -> bool {
    (1..=MAX_SUBJECT_BYTES).contains(&subject.len())
        && subject != "."
        && subject != ".."
        && !subject.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_keys_and_subjects_one_to_one() {
        for (pattern, key) in [("auth:*", "auth:42"), ("auth:{*}", "auth:{42}"), ("*", "42")] {
            let pattern = KeyPattern::parse(pattern).expect("valid pattern");
            assert_eq!(pattern.subject_of(key.as_bytes()), Ok("42"));
            assert_eq!(pattern.key_for("42").as_deref(), Some(key));
        }
    }

    #[test]
    fn tells_whether_a_form_of_key_could_match() {
        let matches = |pattern: &str| {
            let pattern = KeyPattern::parse(pattern).expect("valid pattern");
            pattern.matches_some("x:", 3, |byte| byte == b'a')
        };
        for pattern in ["*", "x*", "x:*", "x:a*", "*a", "x:*a", "x:a*a"] {
            assert!(matches(pattern), "{pattern}");
        }
        for pattern in ["y*", "x:b*", "*b", "xx*", "*:", "x:aaa*", "x:aaaa*", "x:aa*aa"] {
            assert!(!matches(pattern), "{pattern}");
        }
    }

    #[test]
    fn refuses_patterns_without_exactly_one_star() {
        for pattern in ["", "auth:", "a*b*", "a\n*", &"x".repeat(256)] {
            assert_eq!(KeyPattern::parse(pattern), None, "{pattern:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_subject() {
        let pattern = KeyPattern::parse("auth:{*}").expect("valid pattern");
        let long = "x".repeat(256);
        for subject in ["", ".", "..", "a\u{0}b", "a\u{7f}", "a\u{85}", &long] {
            assert_eq!(pattern.key_for(subject), None, "{subject:?}");
            let key = format!("auth:{{{subject}}}");
            assert_eq!(pattern.subject_of(key.as_bytes()), Err(SubjectError::Impossible), "{subject:?}");
        }
        assert_eq!(pattern.subject_of(b"auth:{\xff}"), Err(SubjectError::Impossible));
        for outside in [&b"auth:{"[..], b"other:{a}", b"auth:{a", b""] {
            assert_eq!(pattern.subject_of(outside), Err(SubjectError::OutsidePattern), "{outside:?}");
        }
    }
}
