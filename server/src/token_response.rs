//! The token response (RFC 6749 §5.1) of POST /sessions and POST /token.

use crate::claims::Granted;
use crate::cookie::CookieMode;
use crate::wire::Tokens;
use axum::body::Body as HttpBody;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// `{access_token, token_type, expires_in, refresh_token, refresh_expires_in, session_id, scope, evicted}`; `scope`
/// when the session has that claim, `evicted` for a new session, no `refresh_token` when that goes into a cookie.
/// Lifetimes are in seconds.
#[derive(Serialize)]
struct Body<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    refresh_expires_in: u64,
    session_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evicted: Option<&'a [String]>,
}

/// The response, with the refresh token in a cookie if there is a mode for it; tokens must never be cached.
pub fn token_response(
    status: StatusCode,
    tokens: Tokens,
    granted: Granted,
    cookie: Option<CookieMode>,
) -> Response {
    let body = Body {
        access_token: &tokens.access_token,
        token_type: "Bearer",
        expires_in: tokens.expires_in,
        refresh_token: cookie.is_none().then_some(&tokens.refresh_token),
        refresh_expires_in: tokens.refresh_expires_in,
        session_id: &tokens.session_id,
        scope: granted.scope.as_deref(),
        evicted: tokens.evicted.as_deref(),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let mut response = (status, headers, HttpBody::from(body.to_json())).into_response();
    if let Some(mode) = cookie {
        mode.set(&mut response, &tokens.refresh_token, tokens.refresh_expires_in);
    }
    response
}

impl Body<'_> {
    /// As JSON, in one piece of memory that is large enough for tokens of the usual length.
    fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(1024);
        // Strings and numbers always are JSON, and memory takes whatever is written.
        let _ = serde_json::to_writer(&mut json, self);
        json
    }
}
