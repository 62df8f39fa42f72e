//! The cookie with the refresh token, which no script can read.

use std::{env, sync::LazyLock};

use axum::{
    Json,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use hallpass_client::Tokens;
use serde_json::json;

use crate::login::Refused;

static IS_DEV: LazyLock<bool> = LazyLock::new(|| env::var("DEV_COOKIE").is_ok_and(|value| value == "1"));

fn name() -> &'static str {
    if *IS_DEV { "hallpass" } else { "__Host-hallpass" }
}

fn line(token: &str, seconds: u64) -> String {
    let secure = if *IS_DEV { "" } else { "; Secure" };
    format!("{}={token}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict{secure}", name())
}

/// Why there are no new tokens.
pub enum NotRefreshed {
    /// The request may come from a form on another site: that can send the cookie, but not the header.
    NotThePage,
    /// A page asked whether somebody is logged in, and nobody is.
    NobodyIsLoggedIn,
    /// The login has ended.
    Ended,
    /// Redis could not tell.
    Outage(Refused),
}

impl From<Refused> for NotRefreshed {
    fn from(refused: Refused) -> Self {
        if refused.is_about_the_token() { Self::Ended } else { Self::Outage(refused) }
    }
}

impl IntoResponse for NotRefreshed {
    fn into_response(self) -> Response {
        let bad_request = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error })));
        match self {
            Self::NotThePage => bad_request("invalid_request").into_response(),
            Self::NobodyIsLoggedIn => StatusCode::NO_CONTENT.into_response(),
            Self::Ended => (cleared(), bad_request("invalid_grant")).into_response(),
            Self::Outage(refused) => refused.into_response(),
        }
    }
}

/// Returns the refresh token of a request that the page made.
pub fn from_page(headers: &HeaderMap) -> Result<String, NotRefreshed> {
    let asks = headers.get("X-Hallpass").ok_or(NotRefreshed::NotThePage)?;
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split("; ")).filter_map(|pair| pair.split_once('='));
    match pairs.find(|(found, _)| *found == name()) {
        Some((_, token)) => Ok(token.to_owned()),
        None if asks == "optional" => Err(NotRefreshed::NobodyIsLoggedIn),
        None => Err(NotRefreshed::Ended),
    }
}

/// Answers with the tokens: the refresh token in the cookie only.
pub fn hand_over(tokens: Tokens) -> Response {
    let cookie = line(&tokens.refresh_token, tokens.refresh_expires_in);
    let body = json!({
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "refresh_expires_in": tokens.refresh_expires_in,
        "session_id": tokens.session_id,
    });
    ([(header::SET_COOKIE, cookie.as_str()), (header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Returns the headers that remove the cookie.
pub fn cleared() -> [(HeaderName, String); 2] {
    [(header::SET_COOKIE, line("", 0)), (header::CACHE_CONTROL, "no-store".to_owned())]
}
