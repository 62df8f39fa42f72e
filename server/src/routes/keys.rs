//! `GET /keys`: the keyring.

use crate::http::error::ApiError;
use crate::oauth_clients::Scope;
use crate::state::AppState;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use std::sync::Arc;

/// AUTH.KEYS → 200 with `{"keys":[…]}`, the status of each key and no key material.
pub async fn keys(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    state.clients.authorize(&headers, Scope::Manage)?;
    let keys = state.store.keys_as_json().await?;
    Ok(([(CONTENT_TYPE, "application/json")], format!(r#"{{"keys":{keys}}}"#)))
}
