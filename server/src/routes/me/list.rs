//! `GET /me/sessions`: users see where they are logged in.

use super::caller::Caller;
use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::routes::session_list::session_list_of;
use crate::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use hallpass_client::{Number, Page};
use std::sync::Arc;

/// Lists the caller's sessions, by AUTH.VERIFY and AUTH.SESSIONS: 200 with the newest first, without their claims;
/// `current` marks the caller's own. `?offset` and `?count` are those of the command.
pub async fn list(
    State(state): State<Arc<AppState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let caller = Caller::of(&state, &headers).await?;
    let query = Form::strict(uri.query(), &["offset", "count"])?;
    let page =
        Page { offset: query.get("offset").map(Number::Text), count: query.get("count").map(Number::Text) };
    session_list_of(&state.store.sessions_json(&caller.key, page, false).await?, &caller.session)
}
