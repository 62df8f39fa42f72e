//! The limit on requests in flight. More are refused at once, because they would wait for Redis longer than their
//! clients do.

use crate::http::error::ApiError;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

/// The limit: about what one connection to Redis answers within a tenth of a second on a slow machine.
pub const MAX_IN_FLIGHT: usize = 1024;

/// Waits for the response while holding one of the slots, if there are any. Returns 503 with `Retry-After` if none is
/// free.
pub async fn bound(slots: Option<&Semaphore>, answer: impl Future<Output = Response>) -> Response {
    let Ok(slot) = slots.map(Semaphore::try_acquire).transpose() else {
        return ApiError::Unavailable.into_response();
    };
    let response = answer.await;
    drop(slot);
    response
}
