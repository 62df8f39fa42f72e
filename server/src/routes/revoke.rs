//! `POST /revoke`: token revocation (RFC 7009). A user logs out with a token or by cookie.

use crate::http::body;
use crate::http::error::ApiError;
use crate::middleware::rate_limit::RateLimitKey;
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use hallpass_client::Revocation;
use std::mem;
use std::sync::Arc;

/// AUTH.REVOKE … TOKEN → 200, whether or not a session was ended, because the session is gone in either case.
/// Parameters: `token`, of either kind and any age, `client_id`, `client_secret`. `token_type_hint` is ignored: a
/// token's kind is visible. Clients are checked as at /token, and a session bound to another client stays. Without
/// `token` the cookie's token is revoked and the cookie deleted; the body may be empty then.
pub async fn revoke(
    State(state): State<Arc<AppState>>,
    Extension(key): Extension<RateLimitKey>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let headers = mem::take(request.headers_mut());
    let form = body::from_form_or_nothing(&headers, request).await;
    let form = state.middleware.limits.admit(key, &state.clients, &headers, form)?;
    let client = state.clients.identify(&headers, &form)?;
    // A repeated hint is an invalid request, if a harmless one.
    form.get("token_type_hint")?;
    let named = form.get("token")?;
    let found = if named.is_some() { named } else { state.cookies.refresh_token(&headers)? };
    let token = found.ok_or_else(|| ApiError::invalid_request("token is missing"))?;
    if let Some(key) = state.key_of_token(token) {
        state.store.revoke(&key, Revocation::Token { token, client: client.as_deref() }).await?;
    }
    let mut response = Response::default();
    if named.is_none() {
        state.cookies.clear(&mut response);
    }
    Ok(response)
}
