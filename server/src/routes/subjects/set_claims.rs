//! `PUT /subjects/{sub}/claims`: changes the claims of a user's sessions.

use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::http::path::{InPath, decoded, session_id};
use crate::middleware::bodies::Bodies;
use crate::oauth_clients::Scope;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::{Extension, Json};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Arc;

/// Replaces claims by AUTH.SETCLAIMS: 200 with `{"updated": n}`. The body is the new claims object, for all of the
/// subject's sessions or for the one that `?sid` names. Older access tokens are stale until they are refreshed.
pub async fn set_claims(
    State(state): State<Arc<AppState>>,
    path: InPath<String>,
    Extension(bodies): Extension<Bodies>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    state.clients.authorize(request.headers(), Scope::Manage)?;
    let key = state.key_of_subject(&decoded(path)?)?;
    let query = Form::strict(request.uri().query(), &["sid"])?;
    // The command takes an id or the keyword ALL, which a caller must not inject here.
    let sid = query.get("sid").map(session_id).transpose()?;
    // Passed on as text, so that the module validates exactly what was sent, including duplicate members.
    let (claims, _slot) = bodies.json::<Box<RawValue>>(request).await?;
    let updated = state.store.set_claims(&key, sid, claims.get()).await?;
    Ok(Json(json!({ "updated": updated })))
}
