//! `POST /revoke`: token revocation (RFC 7009). A user logs out with a token or by cookie.

use crate::http::error::ApiError;
use crate::middleware::bodies::Bodies;
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use hallpass_client::Revocation;
use std::sync::Arc;

/// AUTH.REVOKE … TOKEN → 200, whether or not a session was ended, because the session is gone in either case.
/// Parameters: `token`, of either kind and any age, `client_id`, `client_secret`. `token_type_hint` is ignored: a
/// token's kind is visible. Clients are checked as at /token, and a session bound to another client stays. Without
/// `token` the cookie's token is revoked and the cookie deleted; the body may be empty then, and the cookie optional.
pub async fn revoke(
    State(state): State<Arc<AppState>>,
    Extension(bodies): Extension<Bodies>,
    request: Request,
) -> Result<Response, ApiError> {
    let submission = bodies.form(&state.clients, request).await?;
    let named = submission.form.get("token");
    let found = state.cookies.token(named, &submission.headers, "token is missing")?;
    let caller = state.clients.caller(submission.client, &submission.form)?;
    if let Some(token) = found
        && let Some(key) = state.key_of_token(token)?
    {
        let client = caller.as_ref().map(|client| client.id.as_str());
        state.store.revoke(&key, Revocation::Token { token, client }).await?;
    }
    let mut response = Response::default();
    if named.is_none() {
        state.cookies.clear(&mut response);
    }
    Ok(response)
}
