//! How many requests are worked on at the same time. More are turned away at once: they would only wait for Redis
//! longer than their clients do.

use crate::http::error::ApiError;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

/// How many; about what one connection to Redis answers within a tenth of a second on a slow machine.
pub const MAX_IN_FLIGHT: usize = 1024;

/// The answer, which holds one of the slots meanwhile, if it needs one; 503 with `Retry-After` if none is free.
pub async fn bound(slots: Option<&Semaphore>, answer: impl Future<Output = Response>) -> Response {
    let Ok(slot) = slots.map(Semaphore::try_acquire).transpose() else {
        return ApiError::Unavailable.into_response();
    };
    let response = answer.await;
    drop(slot);
    response
}
