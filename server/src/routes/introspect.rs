//! `POST /introspect`: token introspection (RFC 7662), for resource servers that cannot ask /verify.

use crate::clients::{Client, Scope};
use crate::http::body;
use crate::http::error::ApiError;
use crate::introspection::{access_token, inactive, refresh_token};
use crate::state::AppState;
use axum::Json;
use axum::extract::{Request, State};
use hallpass_client::{ANY_AUDIENCE, CommandError, is_refresh_token};
use serde_json::Value;
use std::mem;
use std::sync::Arc;

/// 200 with what the token says, or with `{"active": false}` alone for one that is not active, or not meant for an
/// audience of the client. Parameters: `token`, `token_type_hint`, `client_id`, `client_secret`.
pub async fn introspect(
    State(state): State<Arc<AppState>>,
    mut request: Request,
) -> Result<Json<Value>, ApiError> {
    let headers = mem::take(request.headers_mut());
    let form = body::from_form(&headers, request).await?;
    let client = state.clients.authorize_form(&headers, &form, Scope::Introspect)?;
    let hint = form.get("token_type_hint")?;
    let token = form.get("token")?.ok_or_else(|| ApiError::invalid_request("token is missing"))?;
    // A refresh token in the place of an access token must not pass for one: it is active only where it is expected.
    let key = state.key_of_token(token).filter(|_| !is_refresh_token(token) || hint == Some("refresh_token"));
    let Some(key) = key else { return Ok(Json(inactive())) };
    ask(&state, &client, &key, token).await.map(Json)
}

/// AUTH.INSPECT for a refresh token; AUTH.VERIFY for an access token, whatever its audience, since that is a matter
/// between the token and the client.
async fn ask(state: &AppState, client: &Client, key: &str, token: &str) -> Result<Value, ApiError> {
    let body = if is_refresh_token(token) {
        let inspected = state.store.inspect(key, token).await;
        inspected.map(|token| Some(refresh_token(token, state.module.issuer.as_deref(), client)))
    } else {
        let claims = state.store.verify(key, token, Some(ANY_AUDIENCE)).await;
        claims.map(|claims| access_token(&claims, client))
    };
    match body {
        Ok(body) => body.ok_or(ApiError::Unavailable),
        Err(error) if is_about_the_token(&error) => Ok(inactive()),
        Err(error) => Err(error.into()),
    }
}

/// Whether the command says that the token is good for nothing, rather than that it could not tell.
fn is_about_the_token(error: &CommandError) -> bool {
    match error {
        CommandError::InvalidToken
        | CommandError::ExpiredToken
        | CommandError::NoSession
        | CommandError::ReusedToken
        | CommandError::StaleToken => true,
        CommandError::SessionLimit
        | CommandError::WrongType
        | CommandError::Rejected(_)
        | CommandError::Unavailable(_) => false,
    }
}
