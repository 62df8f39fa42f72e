//! `POST /token`: the OAuth 2.0 refresh grant (RFC 6749 §6). The holder exchanges a refresh token for its successor.

use crate::app::AppState;
use crate::claims::Granted;
use crate::error::ApiError;
use crate::form::Form;
use crate::request_body;
use crate::token_response::token_response;
use crate::wire::Tokens;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use hallpass_engine::token;
use std::sync::Arc;

/// AUTH.REFRESH → 200 with a token response, or an error of RFC 6749 §5.2. Parameters: `grant_type`, `refresh_token`,
/// `scope`, `client_id`, `client_secret`, and `access_token`, the session's access token, expired or not, to bind the
/// two. Others are ignored.
pub async fn token(State(state): State<Arc<AppState>>, request: Request) -> Result<Response, ApiError> {
    let headers = request.headers().clone();
    let form = request_body::from_form(request).await?;
    let tokens = refresh(&state, &headers, &form).await?;
    let granted = Granted::read(&tokens.access_token).ok_or(ApiError::Unavailable)?;
    // Only the new token tells the session's scope. The refusal costs the caller nothing: the refresh token that it
    // still has is now a retry, and is answered with these same tokens.
    if !granted.covers(form.get("scope")?.unwrap_or_default()) {
        return Err(ApiError::InvalidScope);
    }
    Ok(token_response(StatusCode::OK, tokens, granted))
}

/// Checks the request, in the order in which RFC 6749 describes it, and makes the exchange.
async fn refresh(state: &AppState, headers: &HeaderMap, form: &Form) -> Result<Tokens, ApiError> {
    // A repeated scope must be found before the token is used.
    let (grant_type, _) = (form.get("grant_type")?, form.get("scope")?);
    if grant_type.ok_or_else(|| ApiError::invalid_request("grant_type is missing"))? != "refresh_token" {
        return Err(ApiError::UnsupportedGrantType);
    }
    let client = state.clients.identify(headers, form)?;
    let access = form.get("access_token")?;
    let refresh_token =
        form.get("refresh_token")?.ok_or_else(|| ApiError::invalid_request("refresh_token is missing"))?;
    let subject = token::subject(refresh_token);
    let key = subject.and_then(|subject| state.keys.key_for(&subject));
    let key = key.ok_or(ApiError::InvalidGrant("the refresh token is invalid"))?;
    state.store.refresh(&key, refresh_token, access, client.as_deref()).await.map_err(ApiError::for_grant)
}
