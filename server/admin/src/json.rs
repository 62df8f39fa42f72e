//! Messages about JSON that cannot be used. They say where, not what: it may hold a secret in the wrong place.

use serde_json::error::{Category, Error};

/// Describes the kind of mistake and its place, without repeating any of the text.
pub fn problem(error: &Error) -> String {
    let what = match error.classify() {
        Category::Data => "a member is missing, unknown, repeated or of the wrong type",
        Category::Syntax | Category::Eof | Category::Io => "this is not JSON",
    };
    format!("{what}, at line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn the_text_is_not_repeated() {
        for text in ["\"hps_secret\"", "{\"a\":hps_secret}", "[\"hps_secret\"]", "hps_secret", ""] {
            let error = serde_json::from_str::<Vec<u8>>(text).expect_err("unusable");
            let problem = problem(&error);
            assert!(!problem.contains("hps_secret") && problem.contains("line 1"), "{problem}");
        }
    }
}
