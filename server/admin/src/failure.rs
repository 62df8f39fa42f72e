//! What stops the program before or instead of serving: one line that says what is wrong and what to do about it.

use std::fmt;
use std::path::Path;

/// A fatal problem, as the one line that goes to stderr. Never holds a secret.
#[derive(Debug)]
pub struct Failure(String);

/// The result of everything that happens outside of a request.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// "cannot `action` `path`: `cause`".
    pub fn file(action: &str, path: &Path, cause: impl fmt::Display) -> Self {
        Self(format!("cannot {action} {}: {cause}", path.display()))
    }
}

impl fmt::Display for Failure {
    /// The text on one line, whatever the cause put into it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.0.split_ascii_whitespace();
        f.write_str(words.next().unwrap_or_default())?;
        words.try_for_each(|word| write!(f, " {word}"))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn is_always_one_line() {
        assert_eq!(Failure::new("first\n  second\tthird").to_string(), "first second third");
    }
}
