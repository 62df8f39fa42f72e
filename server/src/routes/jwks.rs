//! `GET /.well-known/jwks.json`: the public keys that verify access tokens (RFC 7517 §5).

use crate::http::error::ApiError;
use crate::state::AppState;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// How long verifiers may cache the set. New keys are published well before they sign, so none is missed.
const CACHE_CONTROL: &str = "public, max-age=300";

/// Answers 200 with the JWK Set of AUTH.JWKS.
pub async fn jwks(State(state): State<Arc<AppState>>) -> Result<Response, ApiError> {
    let keys = state.store.jwks().await?;
    let headers =
        [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, CACHE_CONTROL)];
    Ok((headers, keys).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shared;

    #[tokio::test]
    async fn without_redis_it_is_503() {
        assert_eq!(jwks(shared()).await.expect_err("no Redis"), ApiError::Unavailable);
    }
}
