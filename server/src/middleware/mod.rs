//! What a request passes through before and after its route: one layer for everything, since each layer costs a request
//! as much as reading its head.

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
use cors::{Cors, Sharing};
use policy::Policy;
use rate_limit::{RateLimit, RateLimitKey};
use source::TrustedProxies;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use trace::Observation;

/// The limit for one request, its body included; the call to Redis has a shorter one of its own.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// What all requests share on their way to the routes.
pub struct MiddlewareState {
    /// The origins that may call across origins.
    pub cors: Cors,
    /// The proxies that are believed.
    pub proxies: TrustedProxies,
    /// How often one address may call.
    pub limits: RateLimit,
    /// One permit for each request that is worked on.
    pub slots: Semaphore,
    /// Numbers for the operator.
    pub metrics: Metrics,
}

/// What is around one route.
#[derive(Clone)]
pub struct Around {
    /// What it shares with the others.
    pub state: Arc<MiddlewareState>,
    /// What holds for this one.
    pub policy: Policy,
}

/// Handles a request to any route, and to none.
pub async fn handle(State(around): State<Around>, mut request: Request, next: Next) -> Response {
    let Around { state, policy } = &around;
    let observation = Observation::begin(&state.metrics, *policy, &request);
    let source = state.proxies.source_of(&mut request);
    if let Some(purpose) = policy.counts_as {
        request.extensions_mut().insert(RateLimitKey { source, purpose });
    }
    let sharing = Sharing::of(&state.cors, policy, &request);
    let mut response = match sharing.preflight() {
        Some(answer) => answer,
        None => {
            let slots = policy.is_bounded.then_some(&state.slots);
            let answer = pin!(in_flight::bound(slots, next.run(request)));
            state.limits.count_failed(source, supervise(answer).await)
        }
    };
    sharing.tell(&mut response);
    observation.end(&state.metrics, response)
}

/// Ends what takes too long, and forbids caching by default.
async fn supervise(answer: Pin<&mut impl Future<Output = Response>>) -> Response {
    let answer = tokio::time::timeout(REQUEST_TIMEOUT, answer).await;
    let mut response = answer.unwrap_or_else(|_| ApiError::RequestTimeout.into_response());
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
