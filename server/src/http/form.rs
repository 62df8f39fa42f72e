//! `application/x-www-form-urlencoded`, as OAuth 2.0 uses it for bodies, queries and Basic credentials (RFC 6749 §3.2
//! and appendix B): a parameter without a value counts as omitted, a repeated one is an error.

use crate::http::error::ApiError;
use percent_encoding::percent_decode_str;

/// The decoded parameters, in their original order.
#[derive(Debug)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Parses a body or a query. Text that does not decode to UTF-8 is an `invalid_request`, and so is a repeated
    /// parameter, known or not (RFC 6749 §3.2).
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let not_utf8 = || ApiError::invalid_request("a parameter is not valid UTF-8");
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        });
        let form = pairs.map(|pair| pair.ok_or_else(not_utf8)).collect::<Result<_, _>>().map(Self)?;
        if form.has_repetition() {
            return Err(ApiError::invalid_request("a parameter is repeated"));
        }
        Ok(form)
    }

    /// Parses a query that may contain the `known` parameters only, each with a value. This is stricter than OAuth: a
    /// misspelt or empty `except` must not end the session that it was meant to spare.
    pub fn strict(query: Option<&str>, known: &[&str]) -> Result<Self, ApiError> {
        let form = Self::parse(query.unwrap_or_default())?;
        if form.0.iter().any(|(name, value)| !known.contains(&name.as_str()) || value.is_empty()) {
            return Err(ApiError::invalid_request("the query has an unknown or empty parameter"));
        }
        Ok(form)
    }

    /// Returns the parameter's value, or `None` if it is omitted or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    fn has_repetition(&self) -> bool {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }
}

/// Decodes one name or value. Returns `None` if the bytes are not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    // Tokens and most other values need no decoding.
    if !text.contains('%') && !text.contains('+') {
        return Some(text.to_owned());
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|decoded| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded() {
        let form = Form::parse("a=1+2&b%62=%C3%BC&&c&d=x=y").expect("valid");
        assert_eq!(form.get("a"), Some("1 2"));
        assert_eq!(form.get("bb"), Some("ü"));
        assert_eq!(form.get("d"), Some("x=y"));
    }

    #[test]
    fn empty_counts_as_omitted_and_repeated_is_an_error() {
        let form = Form::parse("empty=&bare&unknown=1").expect("valid");
        for name in ["empty", "bare", "absent"] {
            assert_eq!(form.get(name), None, "{name}");
        }
        for text in ["a=1&a=1", "a=&b&a=", "a&a", "%61=1&a=2"] {
            assert!(Form::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_strict_query_has_no_parameter_that_means_nothing() {
        let known = ["except", "offset"];
        for query in ["", "&", "except=a", "offset=1&except=a"] {
            assert!(Form::strict(Some(query), &known).is_ok(), "{query}");
        }
        for query in ["exept=a", "except=", "except", "except=a&except=a", "Except=a", "=a"] {
            assert!(Form::strict(Some(query), &known).is_err(), "{query}");
        }
        assert_eq!(Form::strict(None, &[]).expect("nothing").get("except"), None);
    }

    #[test]
    fn bad_utf8_is_an_error_and_a_stray_percent_sign_is_not() {
        assert!(Form::parse("a=%FF").is_err());
        assert_eq!(Form::parse("a=100%").expect("valid").get("a"), Some("100%"));
    }
}
