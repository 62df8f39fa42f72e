//! The errors of commands, as HTTP tells them.

use crate::http::error::ApiError;
use hallpass_client::CommandError;

impl ApiError {
    /// Converts a command's error for /token, where an invalid refresh token is an `invalid_grant`.
    pub fn for_grant(error: CommandError) -> Self {
        match error {
            CommandError::InvalidToken => Self::InvalidGrant("the refresh token is invalid"),
            CommandError::ExpiredToken => Self::InvalidGrant("the refresh token has expired"),
            CommandError::NoSession => Self::InvalidGrant("the session has ended"),
            CommandError::ReusedToken => {
                Self::InvalidGrant("the refresh token was used before; its session has ended")
            }
            other => other.into(),
        }
    }
}

impl From<CommandError> for ApiError {
    /// Converts a command's error for every route but /token.
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::InvalidToken => Self::InvalidToken("the token is invalid"),
            CommandError::ExpiredToken => Self::InvalidToken("the token has expired"),
            CommandError::NoSession => Self::InvalidToken("the session has ended"),
            CommandError::ReusedToken => {
                Self::InvalidToken("the token was used before; its session has ended")
            }
            CommandError::StaleToken => {
                Self::InvalidToken("the claims have changed since; refresh the token")
            }
            CommandError::SessionLimit => {
                Self::Conflict("session_limit", "the subject has as many sessions as allowed")
            }
            CommandError::WrongType => {
                Self::Conflict("wrong_type", "the key of the subject holds something else")
            }
            CommandError::Rejected(text) => Self::invalid_request(in_http_words(&text)),
            CommandError::Unavailable(_) => Self::Unavailable,
        }
    }
}

/// The options of commands, and the members and parameters that they come from.
const NAMES: [(&str, &str); 9] = [
    ("ACCESS", "access_token"),
    ("ACCESSTTL", "access_ttl"),
    ("AUDIENCE", "audience"),
    ("CLASS", "class"),
    ("CLIENT", "client_id"),
    ("EXCEPT", "except"),
    ("IDLETTL", "idle_ttl"),
    ("MAXTTL", "max_ttl"),
    ("SID", "session_id"),
];

/// Puts the names of HTTP into a text of the module, which knows its commands only.
fn in_http_words(text: &str) -> String {
    let translated = |piece: &str| {
        let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        let name = NAMES.iter().find(|(option, _)| *option == word).map_or(word, |(_, name)| name);
        format!("{name}{}", &piece[word.len()..])
    };
    text.split_inclusive(|c: char| !c.is_ascii_alphabetic()).map(translated).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{StatusCode, header};
    use axum::response::IntoResponse;

    #[test]
    fn a_dead_token_is_invalid_grant_at_the_token_endpoint_and_invalid_token_elsewhere() {
        for error in [
            CommandError::InvalidToken,
            CommandError::ExpiredToken,
            CommandError::NoSession,
            CommandError::ReusedToken,
        ] {
            assert_eq!(ApiError::for_grant(error.clone()).code(), "invalid_grant");
            assert_eq!(ApiError::for_grant(error.clone()).status(), StatusCode::BAD_REQUEST);
            assert_eq!(ApiError::from(error.clone()).code(), "invalid_token");
            assert_eq!(ApiError::from(error).status(), StatusCode::UNAUTHORIZED);
        }
    }

    #[test]
    fn an_outage_is_503_with_retry_after_on_both_sides() {
        let outage = || CommandError::Unavailable("Redis answered READONLY".into());
        for error in [ApiError::for_grant(outage()), outage().into()] {
            let response = error.into_response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        }
    }

    #[test]
    fn a_rejection_names_what_http_knows() {
        for (text, expected) in [
            ("ACCESS is required", "access_token is required"),
            (
                "TTLs must satisfy ACCESSTTL <= IDLETTL <= MAXTTL <= hallpass.max-ttl",
                "TTLs must satisfy access_ttl <= idle_ttl <= max_ttl <= hallpass.max-ttl",
            ),
            ("CLASS and CLIENT take 1-64 of A-Z a-z 0-9", "class and client_id take 1-64 of A-Z a-z 0-9"),
            ("reserved claim", "reserved claim"),
        ] {
            let error = ApiError::from(CommandError::Rejected(text.into()));
            assert_eq!(error, ApiError::InvalidRequest(expected.into()));
        }
    }
}
