//! `GET /healthz` and `GET /readyz`: liveness and readiness probes.

use crate::http::error::ApiError;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use hallpass_client::CommandError;
use serde_json::{Value, json};
use std::sync::Arc;

/// Answers `GET /healthz`: 200 while the process runs, whether or not Redis does. Restarting the server would not help
/// Redis.
pub async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Answers `GET /readyz`: 200 if Redis answers, does not load its data, and the module is configured as when the server
/// started, else 503.
pub async fn ready(State(state): State<Arc<AppState>>) -> Result<Json<Value>, ApiError> {
    let known = &state.module()?.info;
    let report = |error: &CommandError| state.store.report(error);
    // INFO is answered while Redis loads, PING is not.
    state.store.ping().await.inspect_err(report)?;
    let module = state.store.module_info().await.inspect_err(report)?;
    if module.key_pattern != known.key_pattern || module.issuer != known.issuer {
        tracing::warn!("not ready: key pattern or issuer of the module have changed; restart the server");
        return Err(ApiError::Unavailable);
    }
    Ok(Json(json!({ "status": "ready" })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shared;

    #[tokio::test]
    async fn without_redis_the_server_is_alive_and_not_ready() {
        assert_eq!(alive().await.0, json!({ "status": "ok" }));
        assert_eq!(ready(shared()).await.expect_err("no Redis"), ApiError::Unavailable);
    }
}
