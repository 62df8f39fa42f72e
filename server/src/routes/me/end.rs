//! `DELETE /me/sessions[/{sid}]`: users log out everywhere, everywhere else, or of one session.

use super::caller::Caller;
use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::http::path::{InPath, decoded, session_id};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use hallpass_client::Revocation;
use serde_json::{Value, json};
use std::sync::Arc;

/// Ends the caller's sessions, by AUTH.VERIFY and AUTH.REVOKE … ALL: 200 with `{"revoked": n}`. With `?except=current`
/// the caller's session stays.
pub async fn end_several(
    State(state): State<Arc<AppState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let caller = Caller::of(&state, &headers).await?;
    let except = match Form::strict(uri.query(), &["except"])?.get("except") {
        None => None,
        Some("current") => Some(caller.session.as_str()),
        Some(_) => return Err(ApiError::invalid_request("except can only be current")),
    };
    let revoked = state.store.revoke(&caller.key, Revocation::All { except }).await?;
    Ok(Json(json!({ "revoked": revoked })))
}

/// Ends one of the caller's sessions, by AUTH.VERIFY and AUTH.REVOKE … SESSION: 200 with `{"revoked": n}`, which is 0
/// if it is not a session of this user.
pub async fn end_one(
    State(state): State<Arc<AppState>>,
    path: InPath<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let caller = Caller::of(&state, &headers).await?;
    Form::strict(uri.query(), &[])?;
    let sid = decoded(path)?;
    let revoked = state.store.revoke(&caller.key, Revocation::Sessions(&[session_id(&sid)?])).await?;
    Ok(Json(json!({ "revoked": revoked })))
}
