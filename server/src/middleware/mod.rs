//! The layer around every route. Everything it does is one layer, because each further layer would cost a request as
//! much as parsing its head.

pub mod bodies;
pub mod cors;
pub mod in_flight;
pub mod policy;
pub mod rate_limit;
pub mod shares;
pub mod source;
pub mod subject_hash;
pub mod trace;
mod unread_body;

use crate::http::error::ApiError;
use crate::http::{framing, notes};
use crate::metrics::Metrics;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bodies::Bodies;
use cors::{Cors, CorsHeaders};
use policy::Policy;
use rate_limit::{RateLimit, RateLimitKey};
use shares::Shares;
use source::{Arrival, Peer, Source, TrustedProxies};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use subject_hash::SubjectHash;
use tokio::sync::Semaphore;
use trace::Observation;
use unread_body::UnreadBody;

/// The time limit for one request, including its body; the limit for a call to Redis is shorter.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The state that all requests share.
pub struct MiddlewareState {
    /// The origins that may call routes for browsers.
    pub cors: Cors,
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub proxies: TrustedProxies,
    /// Whether cookies count at /verify.
    pub has_session_cookie: bool,
    /// The limit on calls from one address.
    pub limits: RateLimit,
    /// The bodies that are waited for, by address.
    pub bodies: Shares,
    /// One permit for each request that may be worked on.
    pub slots: Arc<Semaphore>,
    /// The metrics.
    pub metrics: Metrics,
    /// How log lines show subjects; not at all if `None`.
    pub subject_hash: Option<SubjectHash>,
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
pub async fn handle(State(around): State<Around>, request: Request, next: Next) -> Response {
    let takes_subjects = around.state.subject_hash.is_some();
    notes::collect(takes_subjects, observed(around, request, next)).await
}

/// Handles a request, and logs and counts it.
async fn observed(around: Around, mut request: Request, next: Next) -> Response {
    let Around { state, policy } = &around;
    let observation = Observation::begin(&state.metrics, *policy, &request);
    let peer = Peer::take(&mut request);
    let source = state.proxies.source(peer.address, request.headers());
    let unread = UnreadBody::of(&mut request);
    let cors = CorsHeaders::of(&state.cors, policy, &request);
    let mut response = match cors.preflight() {
        Some(answer) => answer,
        None => {
            let answer = pin!(answer(&around, peer, source, request, next));
            state.limits.count_failed(source, supervise(answer).await)
        }
    };
    if let Some(unread) = unread {
        unread.settle(&mut response).await;
    }
    cors.add_to(&mut response);
    finish(&mut response, peer);
    observation.end(state, response)
}

/// Lets the route answer, unless the request is refused before.
async fn answer(around: &Around, peer: Peer, source: Source, mut request: Request, next: Next) -> Response {
    let Around { state, policy } = around;
    if let Err(error) = check(*policy, peer, &request) {
        return error.into_response();
    }
    let slot = match policy.takes_slot().then(|| in_flight::slot(&state.slots)).transpose() {
        Ok(slot) => slot,
        Err(error) => return error.into_response(),
    };
    if let Some(purpose) = policy.body_counts_as {
        let key = RateLimitKey { source, purpose };
        request.extensions_mut().insert(Bodies { state: Arc::clone(state), key });
    }
    if policy.is_for_gateways && state.has_session_cookie {
        let is_proxied = state.proxies.trusts(peer.address);
        request.extensions_mut().insert(Arrival { source, is_proxied });
    }
    let response = next.run(request).await;
    drop(slot);
    response
}

/// Refuses an ambiguous request, and on a connection reserved for the operator any other route.
fn check(policy: Policy, peer: Peer, request: &Request) -> Result<(), ApiError> {
    framing::check(request)?;
    if peer.is_reserved && !policy.is_operator { Err(ApiError::Unavailable) } else { Ok(()) }
}

/// Ends requests that take too long.
async fn supervise(answer: Pin<&mut impl Future<Output = Response>>) -> Response {
    let answer = tokio::time::timeout(REQUEST_TIMEOUT, answer).await;
    answer.unwrap_or_else(|_| ApiError::RequestTimeout.into_response())
}

/// Adds the headers of every response: no caching unless the route allows it, and no sniffing of media types. A
/// connection reserved for the operator is closed after one request.
fn finish(response: &mut Response, peer: Peer) {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if peer.is_reserved {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}
