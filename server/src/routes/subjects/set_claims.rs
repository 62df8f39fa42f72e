//! `PUT /subjects/{sub}/claims`: changes the claims of a user's sessions.

use crate::http::body;
use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::http::path::{InPath, decoded};
use crate::oauth_clients::Scope;
use crate::state::AppState;
use axum::Json;
use axum::extract::{Request, State};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Arc;

/// AUTH.SETCLAIMS → 200 with `{"updated": n}`. The body is the new claims object, for all of the subject's sessions or
/// for the one that `?sid` names. Older access tokens are stale until they are refreshed.
pub async fn set_claims(
    State(state): State<Arc<AppState>>,
    path: InPath<String>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    state.clients.authorize(request.headers(), Scope::Manage)?;
    let key = state.key_of_subject(&decoded(path)?)?;
    let query = Form::strict(request.uri().query(), &["sid"])?;
    let sid = query.get("sid")?;
    // The command takes an id or the keyword ALL, which a caller must not inject here.
    if sid.is_some_and(|sid| sid.eq_ignore_ascii_case("ALL")) {
        return Err(ApiError::invalid_request("sid: the id of one session"));
    }
    // Passed on as text, so that the module validates exactly what was sent, including duplicate members.
    let claims: Box<RawValue> = body::from_json(request).await?;
    let updated = state.store.set_claims(&key, sid, claims.get()).await?;
    Ok(Json(json!({ "updated": updated })))
}
