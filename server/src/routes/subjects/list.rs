//! `GET /subjects/{sub}/sessions`: lists where a user is logged in.

use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::http::path::{InPath, decoded};
use crate::oauth_clients::Scope;
use crate::routes::session_list::session_list;
use crate::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use hallpass_client::{Number, Page};
use std::sync::Arc;

/// Lists a user's live sessions by AUTH.SESSIONS … WITHCLAIMS: 200 with the newest first. `?offset` and `?count` are
/// those of the command.
pub async fn list(
    State(state): State<Arc<AppState>>,
    path: InPath<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    state.clients.authorize(&headers, Scope::Manage)?;
    let key = state.key_of_subject(&decoded(path)?)?;
    let query = Form::strict(uri.query(), &["offset", "count"])?;
    let page =
        Page { offset: query.get("offset").map(Number::Text), count: query.get("count").map(Number::Text) };
    Ok(session_list(&state.store.sessions_json(&key, page, true).await?))
}
