//! The token response (RFC 6749 §5.1) of POST /sessions and POST /token.

use crate::http::claims::Granted;
use crate::http::cookie::CookieMode;
use axum::body::Body as HttpBody;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hallpass_client::Tokens;
use serde::Serialize;

/// The type of token that is issued (RFC 8693 §3).
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

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
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
}

/// Returns the response, with the refresh token in a cookie if there is a mode for it. Tokens must never be cached.
pub fn token_response(
    status: StatusCode,
    tokens: Tokens,
    granted: Granted,
    cookie: Option<CookieMode>,
) -> Response {
    response(status, tokens, granted, cookie, None)
}

/// Returns the response to a token exchange: the same with `issued_token_type` (RFC 8693 §2.2.1).
pub fn exchange_response(tokens: Tokens, granted: Granted, cookie: Option<CookieMode>) -> Response {
    response(StatusCode::OK, tokens, granted, cookie, Some(ACCESS_TOKEN))
}

fn response(
    status: StatusCode,
    tokens: Tokens,
    granted: Granted,
    cookie: Option<CookieMode>,
    issued_token_type: Option<&'static str>,
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
        issued_token_type,
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    let mut response = (status, headers, HttpBody::from(body.to_json())).into_response();
    if let Some(mode) = cookie {
        mode.set(&mut response, &tokens.refresh_token, tokens.refresh_expires_in);
    }
    response
}

impl Body<'_> {
    /// Serializes to JSON in one allocation, large enough for tokens of the usual length.
    fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(1024);
        // Serializing strings and numbers to memory cannot fail.
        let _ = serde_json::to_writer(&mut json, self);
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::cookie::SameSite;
    use axum::body::to_bytes;

    fn tokens() -> Tokens {
        Tokens {
            access_token: "a.b.c".into(),
            expires_in: 900,
            refresh_token: "hp1.x".into(),
            refresh_expires_in: 7,
            session_id: "s".into(),
            evicted: Some(vec!["t".into()]),
        }
    }

    async fn answer(granted: Granted, cookie: Option<CookieMode>) -> (Vec<(String, String)>, String) {
        let (head, body) = token_response(StatusCode::CREATED, tokens(), granted, cookie).into_parts();
        let text = |value: &HeaderValue| value.to_str().expect("ASCII").to_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body");
        (headers, String::from_utf8(bytes.into()).expect("text"))
    }

    fn header(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[tokio::test]
    async fn it_has_every_member() {
        let granted = Granted { scope: Some("say \"hi\"".into()), aud: None };
        let (headers, body) = answer(granted, None).await;
        let expected =
            [("content-type", "application/json"), ("cache-control", "no-store"), ("pragma", "no-cache")];
        let expected = expected.map(|(name, value)| header(name, value));
        assert_eq!(headers, expected);
        assert_eq!(
            body,
            r#"{"access_token":"a.b.c","token_type":"Bearer","expires_in":900,"refresh_token":"hp1.x","refresh_expires_in":7,"session_id":"s","scope":"say \"hi\"","evicted":["t"]}"#
        );
    }

    #[tokio::test]
    async fn a_cookie_takes_the_refresh_token_out_of_the_body() {
        let (headers, body) =
            answer(Granted::default(), Some(CookieMode { is_dev: true, same_site: SameSite::Strict })).await;
        assert_eq!(
            headers[3],
            header("set-cookie", "hallpass=hp1.x; Path=/; Max-Age=7; HttpOnly; SameSite=Strict")
        );
        assert!(!body.contains("hp1.x") && !body.contains("scope"), "{body}");
    }
}
