//! `POST /revoke`: token revocation (RFC 7009). The holder logs out.

use crate::app::AppState;
use crate::error::ApiError;
use crate::rate_limit::Purpose;
use crate::request_body;
use crate::source::Source;
use crate::wire::Revocation;
use axum::Extension;
use axum::extract::{Request, State};
use std::sync::Arc;

/// AUTH.REVOKE … TOKEN → 200, whether or not that ended a session: the caller wanted it gone, and it is. Parameters:
/// `token`, of either kind and any age, `client_id`, `client_secret`. `token_type_hint` may say anything: a token tells
/// its own kind. The rules for clients are those of /token; a session bound to another client stays.
pub async fn revoke(
    State(state): State<Arc<AppState>>,
    Extension(source): Extension<Source>,
    request: Request,
) -> Result<(), ApiError> {
    let headers = request.headers().clone();
    let form = request_body::from_form(request).await;
    let client = form.as_ref().map_or(Ok(None), |form| state.clients.authenticate(&headers, form));
    state.limits.admit(source, Purpose::Revoke, &client)?;
    let form = form?;
    let client = state.clients.identify(&headers, &form)?;
    // A repeated hint is a broken request, if a harmless one.
    form.get("token_type_hint")?;
    let token = form.get("token")?.ok_or_else(|| ApiError::invalid_request("token is missing"))?;
    if let Some(key) = state.key_of_token(token) {
        state.store.revoke(&key, Revocation::Token { token, client: client.as_deref() }).await?;
    }
    Ok(())
}
