//! `POST /token`: the OAuth 2.0 refresh grant (RFC 6749 §6). It exchanges a refresh token for its successor; both are
//! in form and body, or both in the cookie.

use crate::http::body;
use crate::http::claims::Granted;
use crate::http::cookie::CookieMode;
use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::middleware::rate_limit::RateLimitKey;
use crate::routes::token_response::token_response;
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use hallpass_client::{RefreshOptions, Tokens};
use std::mem;
use std::sync::Arc;

/// AUTH.REFRESH → 200 with a token response, or an error of RFC 6749 §5.2. Parameters: `grant_type`, `refresh_token`,
/// `scope`, `client_id`, `client_secret`, and `access_token`, the session's access token, expired or not, to bind the
/// two. Others are ignored. Without `refresh_token` the cookie's is exchanged.
pub async fn token(
    State(state): State<Arc<AppState>>,
    Extension(key): Extension<RateLimitKey>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let headers = mem::take(request.headers_mut());
    let form = body::from_form(&headers, request).await;
    let form = state.middleware.limits.admit(key, &state.clients, &headers, form)?;
    let cookie = form.get("refresh_token")?.is_none().then_some(state.cookies);
    match refresh(&state, &headers, &form).await {
        Ok(tokens) => answer(tokens, form.get("scope")?.unwrap_or_default(), cookie),
        Err(error @ ApiError::InvalidGrant(_)) => Ok(refuse(error, cookie)),
        Err(error) => Err(error),
    }
}

/// Checks the request, in the order of RFC 6749, and exchanges the token.
async fn refresh(state: &AppState, headers: &HeaderMap, form: &Form) -> Result<Tokens, ApiError> {
    // A repeated scope must be refused before the token is used.
    let (grant_type, _) = (form.get("grant_type")?, form.get("scope")?);
    if grant_type.ok_or_else(|| ApiError::invalid_request("grant_type is missing"))? != "refresh_token" {
        return Err(ApiError::UnsupportedGrantType);
    }
    let client = state.clients.identify(headers, form)?;
    let access = form.get("access_token")?;
    let refresh_token = match form.get("refresh_token")? {
        Some(token) => Some(token),
        None => state.cookies.refresh_token(headers)?,
    };
    let refresh_token = refresh_token.ok_or_else(|| ApiError::invalid_request("refresh_token is missing"))?;
    let key = state.key_of_token(refresh_token);
    let key = key.ok_or(ApiError::InvalidGrant("the refresh token is invalid"))?;
    let options = RefreshOptions { access, client: client.as_deref(), meta: None };
    state.store.refresh(&key, refresh_token, &options).await.map_err(ApiError::for_grant)
}

/// Returns the tokens if they have the requested scope, which only the new access token tells. A refusal costs the
/// caller nothing: its refresh token is now a retry, and gets these same tokens. A browser gets the successor anyway,
/// because its old token would count as reused after the grace period.
fn answer(tokens: Tokens, scope: &str, cookie: Option<CookieMode>) -> Result<Response, ApiError> {
    let granted = Granted::read(&tokens.access_token).ok_or(ApiError::Unavailable)?;
    if granted.covers(scope) {
        return Ok(token_response(StatusCode::OK, tokens, granted, cookie));
    }
    let mut response = ApiError::InvalidScope.into_response();
    if let Some(mode) = cookie {
        mode.set(&mut response, &tokens.refresh_token, tokens.refresh_expires_in);
    }
    Ok(response)
}

/// Refuses a refresh token that is invalid for good, and deletes the browser's cookie.
fn refuse(error: ApiError, cookie: Option<CookieMode>) -> Response {
    let mut response = error.into_response();
    if let Some(mode) = cookie {
        mode.clear(&mut response);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::middleware::rate_limit::Purpose;
    use crate::middleware::source::TrustedProxies;
    use crate::testing::{Answer, request, shared};
    use axum::body::Body;
    use std::net::Ipv4Addr;

    async fn send(request: Request) -> Answer {
        let source = TrustedProxies::default().source(Ipv4Addr::LOCALHOST.into(), &HeaderMap::new());
        let key = RateLimitKey { source, purpose: Purpose::Token };
        Answer::read(token(shared(), Extension(key), request).await).await
    }

    async fn ask(body: &str) -> Answer {
        let request = request("POST", "/token").header("content-type", "application/x-www-form-urlencoded");
        send(request.body(Body::from(body.to_owned())).expect("valid")).await
    }

    #[tokio::test]
    async fn the_answer_names_what_is_wrong() {
        for (body, error) in [
            ("", "invalid_request"),
            ("grant_type=password", "unsupported_grant_type"),
            ("grant_type=refresh_token", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=a&refresh_token=a", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=a&scope=a&scope=a", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=%FF", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=nonsense&unknown=1", "invalid_grant"),
        ] {
            let answer = ask(body).await;
            assert_eq!((answer.status, answer.error()), (StatusCode::BAD_REQUEST, error), "{body}");
            assert_eq!(answer.headers["cache-control"], "no-store");
        }
        let answer = ask("grant_type=refresh_token&refresh_token=a&client_id=shop").await;
        assert_eq!((answer.status, answer.error()), (StatusCode::UNAUTHORIZED, "invalid_client"));
    }

    #[tokio::test]
    async fn a_body_of_another_type_is_a_wrong_request() {
        let answer = send(request("POST", "/token").body(Body::from("{}")).expect("valid")).await;
        assert_eq!((answer.status, answer.error()), (StatusCode::BAD_REQUEST, "invalid_request"));
    }
}
