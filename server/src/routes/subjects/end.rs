//! `DELETE /subjects/{sub}/sessions[/{sid}]`: logs a user out, everywhere or of one session.

use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::http::path::{InPath, decoded, session_id};
use crate::oauth_clients::Scope;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use hallpass_client::Revocation;
use serde_json::{Value, json};
use std::sync::Arc;

/// Ends a user's sessions by AUTH.REVOKE … ALL: 200 with `{"revoked": n}`. `?except` names a session that stays.
pub async fn end_all(
    State(state): State<Arc<AppState>>,
    path: InPath<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    state.clients.authorize(&headers, Scope::Manage)?;
    let key = state.key_of_subject(&decoded(path)?)?;
    let query = Form::strict(uri.query(), &["except"])?;
    let revoked = state.store.revoke(&key, Revocation::All { except: query.get("except") }).await?;
    Ok(Json(json!({ "revoked": revoked })))
}

/// Ends one session by AUTH.REVOKE … SESSION: 200 with `{"revoked": n}`, which is 0 if there is no such session.
pub async fn end_one(
    State(state): State<Arc<AppState>>,
    path: InPath<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    state.clients.authorize(&headers, Scope::Manage)?;
    let (subject, sid) = decoded(path)?;
    let key = state.key_of_subject(&subject)?;
    Form::strict(uri.query(), &[])?;
    let revoked = state.store.revoke(&key, Revocation::Sessions(&[session_id(&sid)?])).await?;
    Ok(Json(json!({ "revoked": revoked })))
}
