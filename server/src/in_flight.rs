//! How many requests are worked on at the same time. More are turned away at once: they would only wait for Redis
//! longer than their clients do.

use crate::app::AppState;
use crate::error::ApiError;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// How many; about what one connection to Redis answers within a tenth of a second on a slow machine.
pub const MAX_IN_FLIGHT: usize = 1024;

/// 503 with `Retry-After` for a request that would be one too many.
pub async fn bound(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let Ok(slot) = state.slots.try_acquire() else { return ApiError::Unavailable.into_response() };
    let response = next.run(request).await;
    drop(slot);
    response
}
