//! The layer around every route. Everything it does is one layer, because each further layer would cost a request as
//! much as parsing its head.

pub mod cors;
pub mod in_flight;
pub mod policy;
pub mod rate_limit;
pub mod source;
pub mod trace;

use crate::http::error::ApiError;
use crate::metrics::Metrics;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cors::{Cors, CorsHeaders};
use policy::Policy;
use rate_limit::{RateLimit, RateLimitKey};
use source::TrustedProxies;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use trace::Observation;

/// The time limit for one request, including its body; the limit for a call to Redis is shorter.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The state that all requests share.
pub struct MiddlewareState {
    /// The origins that may call routes for browsers.
    pub cors: Cors,
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub proxies: TrustedProxies,
    /// The limit on calls from one address.
    pub limits: RateLimit,
    /// One permit for each request that may be in flight.
    pub slots: Semaphore,
    /// The metrics.
    pub metrics: Metrics,
}

/// The configuration of the layer around one route.
#[derive(Clone)]
pub struct Around {
    /// The shared state.
    pub state: Arc<MiddlewareState>,
    /// The properties of the route.
    pub policy: Policy,
}

/// Handles a request, whether or not it has a route.
pub async fn handle(State(around): State<Around>, mut request: Request, next: Next) -> Response {
    let Around { state, policy } = &around;
    let observation = Observation::begin(&state.metrics, *policy, &request);
    let source = state.proxies.source_of(&mut request);
    if let Some(purpose) = policy.counts_as {
        request.extensions_mut().insert(RateLimitKey { source, purpose });
    }
    let cors = CorsHeaders::of(&state.cors, policy, &request);
    let mut response = match cors.preflight() {
        Some(answer) => answer,
        None => {
            let slots = policy.is_bounded.then_some(&state.slots);
            let answer = pin!(in_flight::bound(slots, next.run(request)));
            state.limits.count_failed(source, supervise(answer).await)
        }
    };
    cors.add_to(&mut response);
    observation.end(&state.metrics, response)
}

/// Ends requests that take too long, and forbids caching by default.
async fn supervise(answer: Pin<&mut impl Future<Output = Response>>) -> Response {
    let answer = tokio::time::timeout(REQUEST_TIMEOUT, answer).await;
    let mut response = answer.unwrap_or_else(|_| ApiError::RequestTimeout.into_response());
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
