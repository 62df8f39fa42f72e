//! The token response (RFC 6749 §5.1) of POST /sessions and POST /token: what Redis answers, sent on as it is, but for a
//! cookie.

use crate::http::cookie::CookieMode;
use crate::http::error::ApiError;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The type of token that is issued (RFC 8693 §3).
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// `{access_token, token_type, expires_in, refresh_token, refresh_expires_in, session_id, scope, evicted}`; `scope`
/// when the session has that claim, `evicted` for a new session, no `refresh_token` when that goes into a cookie.
/// Lifetimes are in seconds.
#[derive(Deserialize, Serialize)]
pub struct TokenResponse<'a> {
    /// The new access token.
    pub access_token: &'a str,
    token_type: &'a str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    refresh_expires_in: u64,
    session_id: &'a str,
    /// The session's claim of this name.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evicted: Option<Vec<&'a str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'a str>,
}

impl<'a> TokenResponse<'a> {
    /// Reads what Redis answered.
    pub fn read(json: &'a [u8]) -> Result<Self, ApiError> {
        serde_json::from_slice(json).map_err(|_| ApiError::Unavailable)
    }

    /// Moves the refresh token into a cookie of `response`.
    pub fn move_token(&mut self, mode: CookieMode, response: &mut Response) {
        if let Some(token) = self.refresh_token.take() {
            mode.set(response, token, self.refresh_expires_in);
        }
    }
}

/// Returns the response, with the refresh token in a cookie if there is a mode for it. Tokens must never be cached.
pub fn token_response(
    status: StatusCode,
    json: Vec<u8>,
    cookie: Option<CookieMode>,
) -> Result<Response, ApiError> {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    let Some(mode) = cookie else { return Ok((status, headers, Body::from(json)).into_response()) };
    let mut tokens = TokenResponse::read(&json)?;
    let mut response = (status, headers).into_response();
    tokens.move_token(mode, &mut response);
    // Serializing strings and numbers to memory cannot fail.
    *response.body_mut() = Body::from(serde_json::to_vec(&tokens).unwrap_or_default());
    Ok(response)
}

/// Returns the response to a token exchange: the same with `issued_token_type` (RFC 8693 §2.2.1).
pub fn exchange_response(mut json: Vec<u8>, cookie: Option<CookieMode>) -> Result<Response, ApiError> {
    // The object has other members.
    json.pop_if(|last| *last == b'}').ok_or(ApiError::Unavailable)?;
    json.extend_from_slice(format!(",\"issued_token_type\":\"{ACCESS_TOKEN}\"}}").as_bytes());
    token_response(StatusCode::OK, json, cookie)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::cookie::SameSite;
    use axum::body::to_bytes;

    const DEV: CookieMode = CookieMode { is_dev: true, same_site: SameSite::Strict };
    const JSON: &str = r#"{"access_token":"a.b.c","token_type":"Bearer","expires_in":900,"refresh_token":"hp1.x","refresh_expires_in":7,"session_id":"s","scope":"say \"hi\"","evicted":["t"]}"#;

    async fn answer(cookie: Option<CookieMode>) -> (Vec<(String, String)>, String) {
        let response = token_response(StatusCode::CREATED, JSON.into(), cookie).expect("a response");
        let (head, body) = response.into_parts();
        let text = |value: &HeaderValue| value.to_str().expect("ASCII").to_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body");
        (headers, String::from_utf8(bytes.into()).expect("text"))
    }

    fn header(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[tokio::test]
    async fn what_redis_answers_is_sent_on() {
        let (headers, body) = answer(None).await;
        let expected = [
            header("content-type", "application/json"),
            header("cache-control", "no-store"),
            header("pragma", "no-cache"),
        ];
        assert_eq!((headers.as_slice(), body.as_str()), (&expected[..], JSON));
    }

    #[tokio::test]
    async fn a_cookie_takes_the_refresh_token_out_of_the_body() {
        let (headers, body) = answer(Some(DEV)).await;
        assert_eq!(
            headers[3],
            header("set-cookie", "hallpass=hp1.x; Path=/; Max-Age=7; HttpOnly; SameSite=Strict")
        );
        assert_eq!(body, JSON.replace(r#""refresh_token":"hp1.x","#, ""));
    }

    #[tokio::test]
    async fn an_exchange_says_what_was_issued() {
        for cookie in [None, Some(DEV)] {
            let response = exchange_response(JSON.into(), cookie).expect("a response");
            let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
            let body: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            assert_eq!(
                (&body["issued_token_type"], &body["session_id"]),
                (&ACCESS_TOKEN.into(), &"s".into())
            );
        }
    }

    #[test]
    fn something_else_is_an_outage() {
        for json in ["", "[]", "{}", r#"{"access_token":1}"#] {
            assert!(matches!(TokenResponse::read(json.as_bytes()), Err(ApiError::Unavailable)), "{json}");
        }
    }
}
