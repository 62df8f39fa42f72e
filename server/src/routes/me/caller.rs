//! The user who calls `/me`.

use crate::http::bearer;
use crate::http::claims::Verified;
use crate::http::error::ApiError;
use crate::state::AppState;
use axum::http::HeaderMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An authenticated user.
pub struct Caller {
    /// The key of this user's sessions.
    pub key: String,
    /// The session that the access token belongs to.
    pub session: String,
}

impl Caller {
    /// Verifies the bearer token with AUTH.VERIFY. If the login is older than `--me-auth-age`, fails with 401 (RFC
    /// 9470), so that an old session that was taken over can neither see nor end the others.
    pub async fn of(state: &AppState, headers: &HeaderMap) -> Result<Self, ApiError> {
        let token = bearer::token(headers)?;
        let key = state.key_of_token(token)?.ok_or(ApiError::InvalidToken("the token is invalid"))?;
        let claims = state.store.verify(&key, token, None).await?;
        let claims = Verified::read(&claims).ok_or(ApiError::Unavailable)?;
        match state.me_auth_age {
            Some(limit) if age(claims.auth_time) > limit => Err(ApiError::OldAuthentication(limit)),
            _ => Ok(Self { key, session: claims.session }),
        }
    }
}

/// Returns how long ago a time in Unix seconds was, by this machine's clock.
fn age(moment: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::MAX);
    Duration::from_secs(now.as_secs().saturating_sub(moment))
}
