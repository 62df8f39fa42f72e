//! Observability: a log line and metrics for each request, and an id that links the client's view to them. The line
//! contains the route's template, never the path or the query, which may hold a user's name or a token; the subject as a keyed
//! hash, where that is asked for.

use super::MiddlewareState;
use super::policy::Policy;
use crate::http::notes;
use crate::metrics::{InFlight, Metrics, method_label, outcome};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Starts logging to stderr, as JSON unless that is a terminal. Only this project's own events are logged, because
/// libraries may log the data that they transport.
pub fn start(level: LevelFilter) {
    let is_terminal = stderr().is_terminal();
    let text = fmt::layer().with_writer(stderr).with_target(false);
    let json = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    let lines = if is_terminal { text.boxed() } else { json.with_writer(stderr).with_target(false).boxed() };
    let ours = [env!("CARGO_CRATE_NAME"), "hallpass_client", "hallpass_issuers"].map(|name| (name, level));
    let ours = Targets::new().with_targets(ours);
    tracing_subscriber::registry().with(lines).with(ours).init();
}

/// The client and the subject of a request, as the log shows them.
struct Caller {
    client: Option<String>,
    subject: Option<String>,
}

/// A request being observed.
pub struct Observation {
    start: Instant,
    id: String,
    method: &'static str,
    policy: Policy,
    in_flight: InFlight,
}

impl Observation {
    /// Starts the clock for a request to a route, and gives it an id.
    pub fn begin(metrics: &Metrics, policy: Policy, request: &Request) -> Self {
        Self {
            start: Instant::now(),
            id: request_id(request.headers()),
            method: method_label(request.method()),
            policy,
            in_flight: metrics.enter(),
        }
    }

    /// Logs the response, counts it, and adds the request's id to it.
    pub fn end(self, state: &MiddlewareState, mut response: Response) -> Response {
        drop(self.in_flight);
        let elapsed = self.start.elapsed();
        state.metrics.answered(self.method, self.policy.path, &response, elapsed);
        let notes = notes::take();
        let hash = |subject: String| state.subject_hash.as_ref().map(|hash| hash.of(&subject));
        let caller = Caller { client: notes.client, subject: notes.subject.and_then(hash) };
        log(self.policy, self.method, &response, elapsed, &self.id, &caller);
        if let Ok(id) = HeaderValue::try_from(self.id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

/// Logs one line: at warn level if the server is at fault, at debug level for the successes of routes that are called
/// constantly, else at info level.
fn log(policy: Policy, method: &str, response: &Response, elapsed: Duration, id: &str, caller: &Caller) {
    let (status, outcome) = (response.status(), outcome(response));
    let latency_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3;
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                method,
                route = policy.path,
                status = status.as_u16(),
                outcome,
                latency_ms,
                request_id = id,
                client = caller.client.as_deref(),
                subject = caller.subject.as_deref(),
                "request"
            )
        };
    }
    if status.is_server_error() {
        line!(warn);
    } else if status.is_success() && policy.is_frequent {
        line!(debug);
    } else {
        line!(info);
    }
}

/// Returns the id that the caller gave the request, or a new one. Only a plain id is repeated, which a token never is.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_id = |text: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=64).contains(&text.len()) && text.bytes().all(plain)
    };
    given.filter(is_id).map_or_else(new_id, str::to_owned)
}

/// Creates an id. It identifies a log line and is no secret, so the random keys of a hasher suffice, without a system
/// call.
fn new_id() -> String {
    let random = || u128::from(RandomState::new().build_hasher().finish());
    format!("{:032x}", random() << 64 | random())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(given: &str) -> String {
        let value = HeaderValue::from_str(given).expect("a header");
        request_id(&HeaderMap::from_iter([(REQUEST_ID, value)]))
    }

    #[test]
    fn an_id_is_kept_and_anything_else_replaced() {
        for given in ["1", "01890a5d-ac96-774b-bcce-b302099a8057", "Trace_7"] {
            assert_eq!(id_for(given), given);
        }
        for given in ["", "hp1.kid.c3Vi.c2lk.0.bWFj", "a b", "a\"b", &"x".repeat(65)] {
            let id = id_for(given);
            assert!(id.len() == 32 && id != given, "{given}: {id}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
