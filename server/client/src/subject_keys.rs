//! From subjects and tokens to Redis keys.

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

    /// Returns the key of the subject that a token of either kind names; `None` when it is not a token. Nothing is
    /// verified: that is what the command then does, against this key.
    pub fn of_token(&self, token: &str) -> Option<String> {
        self.of_subject(&token::subject(token)?)
    }
}

/// Returns whether this has the form of a refresh token rather than of an access token. Says nothing about its worth.
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
}
