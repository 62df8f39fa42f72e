//! The error type of the HTTP side. Every refusal, axum's own included, becomes
//! `{"error": "…", "error_description": "…"}` (RFC 6749 §5.2) with the status and headers that belong to it.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hallpass_client::CommandError;
use serde_json::json;
use std::borrow::Cow;
use std::time::Duration;

/// The reason why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// 400 `invalid_request`: the request itself is wrong.
    InvalidRequest(Cow<'static, str>),
    /// 400 `unsupported_grant_type`: /token does not support the grant, or nobody's outside tokens.
    UnsupportedGrantType,
    /// 400 `invalid_scope`: more than the session has.
    InvalidScope,
    /// 400 `invalid_target`: tokens for this audience are not issued (RFC 8693 §2.2.2).
    InvalidTarget,
    /// 400 `invalid_grant`: the refresh token is invalid, expired or revoked.
    InvalidGrant(&'static str),
    /// 401 `invalid_client`: missing or wrong client credentials.
    InvalidClient,
    /// 401 with a bare challenge: a bearer token is required and none was sent (RFC 6750 §3.1).
    MissingToken,
    /// 401 `invalid_token`: the bearer token is invalid, expired or revoked (RFC 6750 §3.1).
    InvalidToken(&'static str),
    /// 401 `insufficient_user_authentication`: the login is older than this (RFC 9470 §3).
    OldAuthentication(Duration),
    /// 403 `insufficient_scope`: the client is known, but may not do this.
    InsufficientScope(Cow<'static, str>),
    /// 403 `cross_site_request`: another site may have made the request, which the cookie does not permit.
    CrossSite,
    /// 404 `not_found`: no such route.
    NotFound,
    /// 405 `invalid_request`: the route does not take this method; `Allow` names those it takes.
    MethodNotAllowed,
    /// 408 `invalid_request`: the request did not arrive in time.
    RequestTimeout,
    /// 409: the command contradicts the state of the subject's sessions.
    Conflict(&'static str, &'static str),
    /// 413 `invalid_request`: the body is too large.
    PayloadTooLarge,
    /// 415 `invalid_request`: the route does not take this content type.
    UnsupportedMediaType(&'static str),
    /// 429 `rate_limited`: too many calls. The next one is allowed after this many seconds.
    RateLimited(u64),
    /// 501 `invalid_request`: a transfer encoding other than `chunked` (RFC 9112 §6.1).
    UnknownTransferEncoding,
    /// 503 `temporarily_unavailable`: Redis cannot answer now. This says nothing about the token.
    Unavailable,
}

impl ApiError {
    /// Creates a 400 `invalid_request`.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidRequest(description.into())
    }

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

    fn status(&self) -> StatusCode {
        match self {
            Self::InvalidRequest(_)
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::InvalidTarget
            | Self::InvalidGrant(_) => StatusCode::BAD_REQUEST,
            Self::InvalidClient | Self::MissingToken | Self::InvalidToken(_) | Self::OldAuthentication(_) => {
                StatusCode::UNAUTHORIZED
            }
            Self::InsufficientScope(_) | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict(..) => StatusCode::CONFLICT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::UnknownTransferEncoding => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns the `error` member of the body.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_)
            | Self::MethodNotAllowed
            | Self::RequestTimeout
            | Self::PayloadTooLarge
            | Self::UnsupportedMediaType(_)
            | Self::UnknownTransferEncoding => "invalid_request",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::InvalidClient => "invalid_client",
            Self::MissingToken | Self::InvalidToken(_) => "invalid_token",
            Self::OldAuthentication(_) => "insufficient_user_authentication",
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::CrossSite => "cross_site_request",
            Self::NotFound => "not_found",
            Self::Conflict(code, _) => code,
            Self::RateLimited(_) => "rate_limited",
            Self::Unavailable => "temporarily_unavailable",
        }
    }

    fn description(&self) -> &str {
        match self {
            Self::InvalidRequest(text) | Self::InsufficientScope(text) => text,
            Self::InvalidGrant(text) | Self::InvalidToken(text) | Self::Conflict(_, text) => text,
            Self::UnsupportedMediaType(text) => text,
            Self::UnsupportedGrantType => "this grant_type is not supported here",
            Self::InvalidTarget => "no tokens are issued for this audience or resource",
            Self::InvalidScope => "the session does not have this scope",
            Self::InvalidClient => "client authentication failed",
            Self::MissingToken => "a bearer token is needed",
            Self::OldAuthentication(_) => "a more recent login is needed",
            Self::CrossSite => "another site may have made this request",
            Self::NotFound => "there is nothing here",
            Self::MethodNotAllowed => "this method is not allowed here",
            Self::RequestTimeout => "the request took too long",
            Self::PayloadTooLarge => "the body is too large",
            Self::UnknownTransferEncoding => "the only transfer encoding understood is chunked",
            Self::RateLimited(_) => "too many calls from this address; ask again later",
            Self::Unavailable => "the service cannot answer now; nothing is said about the token; ask again",
        }
    }

    /// Returns the challenge of a 401 (RFC 9110 §11.6.1).
    fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::InvalidClient => {
                Some(HeaderValue::from_static("Basic realm=\"hallpass\", charset=\"UTF-8\""))
            }
            Self::MissingToken => Some(HeaderValue::from_static("Bearer")),
            Self::InvalidToken(_) => self.bearer_challenge(""),
            Self::OldAuthentication(limit) => {
                self.bearer_challenge(&format!(", max_age=\"{}\"", limit.as_secs()))
            }
            _ => None,
        }
    }

    /// Returns the challenge for a token that was sent (RFC 6750 §3), with additional parameters.
    fn bearer_challenge(&self, more: &str) -> Option<HeaderValue> {
        let (error, description) = (self.code(), self.description());
        let text = format!("Bearer error=\"{error}\", error_description=\"{description}\"{more}");
        HeaderValue::try_from(text).ok()
    }

    /// Returns the number of seconds after which the client may retry.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::RateLimited(seconds) => Some(*seconds),
            Self::Unavailable => Some(1),
            _ => None,
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

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code(), "error_description": printable(self.description()) });
        let mut response = (self.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        if let Some(challenge) = self.challenge() {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        // The middleware handles some errors in its own way.
        response.extensions_mut().insert(self);
        response
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

/// Replaces the characters that an `error_description` may not contain (RFC 6749 §5.2).
fn printable(text: &str) -> String {
    let allowed = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
    text.chars().map(|c| if allowed(c) { c } else { '\'' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_limited_caller_is_told_when_to_come_back() {
        let response = ApiError::RateLimited(7).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
    }

    #[test]
    fn only_a_sent_token_is_called_wrong() {
        let challenge = |error: ApiError| error.into_response().headers()[header::WWW_AUTHENTICATE].clone();
        assert_eq!(challenge(ApiError::MissingToken), "Bearer");
        let invalid = challenge(CommandError::StaleToken.into());
        assert!(
            invalid
                .to_str()
                .expect("ASCII")
                .starts_with("Bearer error=\"invalid_token\", error_description=\"")
        );
        let old = challenge(ApiError::OldAuthentication(Duration::from_secs(300)));
        assert_eq!(
            old,
            "Bearer error=\"insufficient_user_authentication\", error_description=\"a more recent login is needed\", \
             max_age=\"300\""
        );
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

    #[test]
    fn descriptions_keep_to_the_characters_of_the_rfc() {
        assert_eq!(printable("a \"b\" \\ ü\n"), "a 'b' ' ''");
    }
}
