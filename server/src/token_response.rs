//! The token response (RFC 6749 §5.1) of POST /sessions and POST /token.

use crate::claims::Granted;
use crate::cookie::CookieMode;
use crate::wire::Tokens;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// `{access_token, token_type, expires_in, refresh_token, refresh_expires_in, session_id, scope, evicted}`; `scope`
/// when the session has that claim, `evicted` for a new session, no `refresh_token` when that goes into a cookie.
/// Lifetimes are in seconds.
#[derive(Serialize)]
struct Body {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    refresh_expires_in: u64,
    session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evicted: Option<Vec<String>>,
}

/// The response, with the refresh token in a cookie if there is a mode for it; tokens must never be cached.
pub fn token_response(
    status: StatusCode,
    tokens: Tokens,
    granted: Granted,
    cookie: Option<CookieMode>,
) -> Response {
    let refresh_token = tokens.refresh_token;
    let body = Body {
        access_token: tokens.access_token,
        token_type: "Bearer",
        expires_in: tokens.expires_in,
        refresh_token: cookie.is_none().then(|| refresh_token.clone()),
        refresh_expires_in: tokens.refresh_expires_in,
        session_id: tokens.session_id,
        scope: granted.scope,
        evicted: tokens.evicted,
    };
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response();
    if let Some(mode) = cookie {
        mode.set(&mut response, &refresh_token, tokens.refresh_expires_in);
    }
    response
}
