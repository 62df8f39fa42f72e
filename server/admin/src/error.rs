//! Errors about files, in one wording. An error is printed as one line that says what is wrong and what to do about it,
//! and never holds a secret.

use std::path::Path;

/// Returns "cannot `action` `path`", the context of an error about a file.
pub fn cannot<'a>(action: &'a str, path: &'a Path) -> impl FnOnce() -> String + 'a {
    move || format!("cannot {action} {}", path.display())
}

/// Formats an error with its causes on one line, whatever they contain.
pub fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}").split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn an_error_is_one_line_with_its_cause() {
        let error =
            Err::<(), _>(anyhow!("first\n  second\tthird")).with_context(cannot("read", Path::new("f")));
        assert_eq!(one_line(&error.expect_err("an error")), "cannot read f: first second third");
    }
}
