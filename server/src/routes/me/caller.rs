//! The user who calls `/me`.

use crate::http::bearer;
use crate::http::error::ApiError;
use crate::state::AppState;
use axum::http::HeaderMap;

/// An authenticated user.
pub struct Caller {
    /// The key of this user's sessions.
    pub key: String,
    /// The session that the access token belongs to.
    pub session: String,
}

impl Caller {
    /// Verifies the bearer token, never as stale. If the login is older than `--me-auth-age`, fails with 401 (RFC 9470), so
    /// that an old session that was taken over can neither see nor end the others.
    pub async fn of(state: &AppState, headers: &HeaderMap) -> Result<Self, ApiError> {
        let token = bearer::token(headers)?;
        let key = state.key_of_token(token)?.ok_or(ApiError::InvalidToken("the token is invalid"))?;
        let verified = state.verifier.verify(&state.module()?.keys, token, None).await?;
        state.me_auth_age.map_or(Ok(()), |limit| verified.check_age(limit))?;
        Ok(Self { key, session: verified.session().to_owned() })
    }
}
