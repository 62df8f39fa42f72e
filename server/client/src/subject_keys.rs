//! From subjects and tokens to Redis keys.

use crate::contract::key;
use hallpass_engine::key_pattern::KeyPattern;
use hallpass_engine::token::{self, REFRESH_PREFIX};

/// The Redis keys of subjects, by the module's key pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectKeys(KeyPattern);

impl SubjectKeys {
    /// Reads a key pattern, such as `auth:*`; `None` when it is not one.
    pub fn new(pattern: &str) -> Option<Self> {
        KeyPattern::parse(pattern).map(Self)
    }

    /// Returns the key of a subject; `None` when it cannot be one: 1 to 255 bytes without control characters, and
    /// neither `.` nor `..`.
    pub fn of_subject(&self, subject: &str) -> Option<String> {
        self.0.key_for(subject)
    }

    /// Returns the key of the subject that a token of either kind names; `None` if it is not a token. Nothing is
    /// verified here: the command does that, with this key.
    pub fn of_token(&self, token: &str) -> Option<String> {
        self.of_subject(&token::subject(token)?)
    }

    /// Returns whether the key of a subject could be that of a used outside token, so that one would be taken for the
    /// other.
    pub fn overlap_used_tokens(&self) -> bool {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        self.0.matches_some(key::USED, key::FINGERPRINT_LENGTH, is_base64url)
    }
}

/// Returns whether this has the form of a refresh token rather than of an access token. It need not be valid.
pub fn is_refresh_token(token: &str) -> bool {
    token.strip_prefix(REFRESH_PREFIX).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_engine::base64url::encode;

    #[test]
    fn a_token_of_either_kind_leads_to_its_subjects_key() {
        let keys = SubjectKeys::new("auth:{*}").expect("a pattern");
        let refresh = format!("hp1.kid.{}.sid.0.mac", encode("ann"));
        let access = format!("e30.{}.sig", encode(r#"{"sub":"ann"}"#));
        for token in [&refresh, &access] {
            assert_eq!(keys.of_token(token).as_deref(), Some("auth:{ann}"), "{token}");
        }
        assert_eq!((is_refresh_token(&refresh), is_refresh_token(&access)), (true, false));
        assert_eq!((keys.of_token("nonsense"), keys.of_subject("..")), (None, None));
        assert!(!is_refresh_token("hp1") && !is_refresh_token("hp10.x"));
        assert_eq!(SubjectKeys::new("auth:"), None);
    }

    #[test]
    fn some_patterns_could_match_the_key_of_a_used_token() {
        let overlaps = |pattern: &str| SubjectKeys::new(pattern).expect("a pattern").overlap_used_tokens();
        for pattern in
            ["*", "h*", "hallpass:*", "hallpass:used:*", "hallpass:used:a*", "*a", "hallpass:us*ab"]
        {
            assert!(overlaps(pattern), "{pattern}");
        }
        for pattern in
            ["auth:*", "auth:{*}", "hallpass:session:*", "hallpass:used:{*}", "*}", "*:a", "hallpass:used:é*"]
        {
            assert!(!overlaps(pattern), "{pattern}");
        }
    }
}
