//! `POST /token`: the OAuth 2.0 refresh grant (RFC 6749 §6). It exchanges a refresh token for its successor; both are
//! in form and body, or both in the cookie.

use crate::http::claims::covers;
use crate::http::cookie::CookieMode;
use crate::http::error::ApiError;
use crate::middleware::bodies::{Bodies, Submission};
use crate::routes::token_exchange::{TOKEN_EXCHANGE, exchange};
use crate::routes::token_response::{TokenResponse, token_response};
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hallpass_client::{CommandError, RefreshOptions};
use std::sync::Arc;

/// AUTH.REFRESH → 200 with a token response, or an error of RFC 6749 §5.2. Parameters: `grant_type`, `refresh_token`,
/// `scope`, `client_id`, `client_secret`, and `access_token`, the session's access token, expired or not, to bind the
/// two. Others are ignored. Without `refresh_token` the cookie's is exchanged; a missing cookie that is optional is 204.
pub async fn token(
    State(state): State<Arc<AppState>>,
    Extension(bodies): Extension<Bodies>,
    request: Request,
) -> Result<Response, ApiError> {
    let submission = bodies.form(&state.clients, request).await?;
    let form = &submission.form;
    if form.get("grant_type") == Some(TOKEN_EXCHANGE) {
        return exchange(&state, &submission).await;
    }
    let cookie = form.get("refresh_token").is_none().then_some(state.cookies);
    match refresh(&state, &submission).await {
        Ok(None) => Ok(StatusCode::NO_CONTENT.into_response()),
        Ok(Some(json)) => answer(json, form.get("scope"), cookie),
        Err(error @ ApiError::InvalidGrant(_)) => Ok(refuse(error, cookie)),
        Err(error) => Err(error),
    }
}

/// Checks the request, in the order of RFC 6749, and exchanges the token. Returns what Redis answers, or `None` without a
/// token where that is no error.
async fn refresh(state: &AppState, submission: &Submission) -> Result<Option<Vec<u8>>, ApiError> {
    let Submission { headers, form, client, .. } = submission;
    let grant_type = form.get("grant_type");
    if grant_type.ok_or_else(|| ApiError::invalid_request("grant_type is missing"))? != "refresh_token" {
        return Err(ApiError::UnsupportedGrantType);
    }
    let caller = state.clients.caller(client.clone(), form)?;
    let found = state.cookies.token(form.get("refresh_token"), headers, "refresh_token is missing")?;
    let Some(refresh_token) = found else { return Ok(None) };
    let key = state.key_of_token(refresh_token)?;
    let key = key.ok_or(ApiError::InvalidGrant("the refresh token is invalid"))?;
    let options = RefreshOptions {
        access: form.get("access_token"),
        client: caller.as_ref().map(|client| client.id.as_str()),
        meta: None,
    };
    match state.store.refresh_json(&key, refresh_token, &options).await {
        Err(CommandError::InvalidToken)
            if client.is_none() && state.needs_credentials(&key, refresh_token).await? =>
        {
            Err(ApiError::InvalidClient)
        }
        result => result.map(Some).map_err(ApiError::for_grant),
    }
}

/// Returns the tokens if they have the requested scope, which only the answer tells. A refusal costs the caller nothing:
/// its refresh token is now a retry, and gets these same tokens. A browser gets the successor anyway, because its old token
/// would count as reused after the grace period.
fn answer(json: Vec<u8>, scope: Option<&str>, cookie: Option<CookieMode>) -> Result<Response, ApiError> {
    if let Some(scope) = scope {
        let mut tokens = TokenResponse::read(&json)?;
        if !covers(tokens.scope.as_deref(), scope) {
            let mut response = ApiError::InvalidScope.into_response();
            cookie.into_iter().for_each(|mode| tokens.move_token(mode, &mut response));
            return Ok(response);
        }
    }
    token_response(StatusCode::OK, json, cookie)
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
    use crate::testing::{Answer, bodies, request, shared};
    use axum::body::Body;

    async fn send(request: Request) -> Answer {
        let State(state) = shared();
        let bodies = bodies(&state, Purpose::Token);
        Answer::read(token(State(state), bodies, request).await).await
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
            ("grant_type=refresh_token&refresh_token=a&unknown=1&unknown=1", "invalid_request"),
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
