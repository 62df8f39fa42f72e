//! `GET /.well-known/oauth-authorization-server` and `/.well-known/openid-configuration`: how clients find the rest.

use crate::http::error::ApiError;
use crate::metadata::{document, is_about};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Changes only with the issuer, and that with a restart.
const CACHE_CONTROL: &str = "public, max-age=3600";

/// The metadata of RFC 8414, the same under both names, since some clients look under the second one only. Below each,
/// for an issuer with a path, also with that path; 404 with any other. Asks Redis nothing.
pub async fn metadata(State(state): State<Arc<AppState>>, uri: Uri) -> Result<Response, ApiError> {
    let issuer = state.module.issuer.as_deref().ok_or(ApiError::NotFound)?;
    let name = uri.path().strip_prefix("/.well-known/").unwrap_or_default();
    let inserted = name.find('/').map_or("", |end| &name[end..]);
    if !is_about(issuer, inserted) {
        return Err(ApiError::NotFound);
    }
    Ok(([(header::CACHE_CONTROL, CACHE_CONTROL)], Json(document(issuer))).into_response())
}
