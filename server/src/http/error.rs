//! The error type of the HTTP side. Every refusal, axum's own included, becomes
//! `{"error": "…", "error_description": "…"}` (RFC 6749 §5.2) with the status and headers that belong to it.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
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
    /// 403 `insufficient_scope`: the bearer token lacks this scope (RFC 6750 §3.1).
    ScopeNeeded(String),
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

    /// Returns the status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::InvalidRequest(_)
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::InvalidTarget
            | Self::InvalidGrant(_) => StatusCode::BAD_REQUEST,
            Self::InvalidClient | Self::MissingToken | Self::InvalidToken(_) | Self::OldAuthentication(_) => {
                StatusCode::UNAUTHORIZED
            }
            Self::ScopeNeeded(_) | Self::InsufficientScope(_) | Self::CrossSite => StatusCode::FORBIDDEN,
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
            Self::ScopeNeeded(_) | Self::InsufficientScope(_) => "insufficient_scope",
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
            Self::ScopeNeeded(_) => "the token does not have the scope that is needed",
            Self::NotFound => "there is nothing here",
            Self::MethodNotAllowed => "this method is not allowed here",
            Self::RequestTimeout => "the request took too long",
            Self::PayloadTooLarge => "the body is too large",
            Self::UnknownTransferEncoding => "the only transfer encoding understood is chunked",
            Self::RateLimited(_) => "too many calls from this address; ask again later",
            Self::Unavailable => "the service cannot answer now; nothing is said about the token; ask again",
        }
    }

    /// Returns the challenge of a 401 (RFC 9110 §11.6.1), or of a token that may not do this.
    fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::InvalidClient => {
                Some(HeaderValue::from_static("Basic realm=\"hallpass\", charset=\"UTF-8\""))
            }
            Self::MissingToken => Some(HeaderValue::from_static("Bearer")),
            Self::InvalidToken(_) => self.bearer_challenge(""),
            Self::ScopeNeeded(scope) => self.bearer_challenge(&format!(", scope=\"{scope}\"")),
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

/// Replaces the characters that an `error_description` may not contain (RFC 6749 §5.2).
fn printable(text: &str) -> String {
    let allowed = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
    text.chars().map(|c| if allowed(c) { c } else { '\'' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let invalid = challenge(ApiError::InvalidToken("x"));
        assert!(
            invalid
                .to_str()
                .expect("ASCII")
                .starts_with("Bearer error=\"invalid_token\", error_description=\"")
        );
        let narrow = challenge(ApiError::ScopeNeeded("read write".into()));
        assert_eq!(
            narrow,
            "Bearer error=\"insufficient_scope\", error_description=\"the token does not have the scope that is needed\", \
             scope=\"read write\""
        );
        let old = challenge(ApiError::OldAuthentication(Duration::from_secs(300)));
        assert_eq!(
            old,
            "Bearer error=\"insufficient_user_authentication\", error_description=\"a more recent login is needed\", \
             max_age=\"300\""
        );
    }

    #[test]
    fn descriptions_keep_to_the_characters_of_the_rfc() {
        assert_eq!(printable("a \"b\" \\ ü\n"), "a 'b' ' ''");
    }
}
