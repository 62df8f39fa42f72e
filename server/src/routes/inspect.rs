//! `POST /inspect`: what a token of either kind is, and whether it would be accepted. Unlike /introspect it tells those who
//! manage sessions why not.

use crate::http::error::ApiError;
use crate::middleware::bodies::Bodies;
use crate::oauth_clients::Scope;
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use hallpass_client::{ANY_AUDIENCE, CommandError, is_refresh_token};
use serde::Deserialize;
use std::sync::Arc;

/// The request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    token: String,
}

/// 200 with the reply of AUTH.INSPECT for a refresh token; for an access token, which AUTH.VERIFY judges, with `active`,
/// `state` and `claims`. The state of a token that is refused is that of the error.
pub async fn inspect(
    State(state): State<Arc<AppState>>,
    Extension(bodies): Extension<Bodies>,
    request: Request,
) -> Result<impl IntoResponse, ApiError> {
    state.clients.authorize(request.headers(), Scope::Manage)?;
    let (Question { token }, _slot) = bodies.json(request).await?;
    let answer = match state.key_of_token(&token)? {
        Some(key) if is_refresh_token(&token) => state.store.inspect_as_json(&key, &token).await,
        Some(key) => {
            let claims = state.store.verify(&key, &token, Some(ANY_AUDIENCE)).await;
            claims.map(|claims| format!(r#"{{"active":true,"state":"current","claims":{claims}}}"#))
        }
        None => Err(CommandError::InvalidToken),
    };
    Ok(([(CONTENT_TYPE, "application/json")], answer.or_else(refused)?))
}

/// Returns the body for a token that is refused, or the error if it is not about the token.
fn refused(error: CommandError) -> Result<String, ApiError> {
    let state = match error {
        CommandError::InvalidToken => "invalid",
        CommandError::ExpiredToken => "expired",
        CommandError::NoSession => "gone",
        CommandError::ReusedToken => "reused",
        CommandError::StaleToken => "stale",
        other => return Err(other.into()),
    };
    Ok(format!(r#"{{"active":false,"state":"{state}"}}"#))
}
