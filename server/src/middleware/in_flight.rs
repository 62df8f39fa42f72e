//! The limit on requests that are worked on. More are refused at once, because they would wait for Redis longer than
//! their clients do.

use crate::http::error::ApiError;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The limit: about what one connection to Redis answers within a tenth of a second on a slow machine.
pub const MAX_IN_FLIGHT: usize = 1024;

/// Takes one of the slots, or fails with 503.
pub fn slot(slots: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, ApiError> {
    Arc::clone(slots).try_acquire_owned().map_err(|_| ApiError::Unavailable)
}
