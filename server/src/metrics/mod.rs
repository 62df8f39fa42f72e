//! The metrics of `GET /metrics`, about requests and about Redis. Labels are route templates, error codes and the like,
//! whose number is limited; never a path, a subject or a token.

mod answers;
mod connections;
mod module;
mod text;
mod timings;
mod verify_cache;

use crate::http::error::ApiError;
use answers::Answers;
use axum::http::Method;
use axum::response::Response;
use hallpass_client::{NodeCache, NodeInfo, Observer};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub use connections::{Connections, OpenConnection};
pub use text::{CONTENT_TYPE, Text};
pub use timings::Timings;

/// The metrics of requests to this server and of its commands to Redis.
pub struct Metrics {
    /// The connections of clients.
    pub connections: Connections,
    requests: Timings<4>,
    answers: Answers,
    commands: Arc<Timings<2>>,
    in_flight: Arc<AtomicUsize>,
}

impl Metrics {
    /// Starts with no observations.
    pub fn new() -> Self {
        let requests = Timings::new(["method", "route", "status", "outcome"]);
        let commands = Arc::new(Timings::new(["command", "outcome"]));
        Self {
            connections: Connections::default(),
            requests,
            answers: Answers::default(),
            commands,
            in_flight: Arc::default(),
        }
    }

    /// Returns the timings of commands, for the client that sends them.
    pub fn commands(&self) -> Arc<Timings<2>> {
        Arc::clone(&self.commands)
    }

    /// Counts a request as in flight until the guard is dropped, which also happens if its client disconnects.
    pub fn enter(&self) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(&self.in_flight))
    }

    /// Counts a response.
    pub fn answered(&self, method: &'static str, route: &str, response: &Response, elapsed: Duration) {
        let status = response.status();
        self.answers.count(status);
        self.requests.observe([method, route, status.as_str(), outcome(response)], elapsed);
    }

    /// Renders everything as Prometheus text: requests, commands, what is kept of verified tokens, and `INFO hallpass` of
    /// each node that answered.
    pub fn render(&self, infos: &[NodeInfo], kept: &[NodeCache]) -> String {
        let mut text = Text::default();
        text.family("hallpass_build_info", "gauge", "The version of this server.");
        text.sample("hallpass_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        text.family("hallpass_http_requests_in_flight", "gauge", "Requests that wait for their answer.");
        text.sample("hallpass_http_requests_in_flight", &[], self.in_flight.load(Ordering::Relaxed));
        self.connections.render(&mut text);
        self.answers.render(&mut text);
        let counted = "Answers, by route and outcome: ok or the error code.";
        self.requests.render_counts(&mut text, "hallpass_http_requests_total", counted);
        let timed = "Time from the head of a request to its answer.";
        self.requests.render(&mut text, "hallpass_http_request_duration_seconds", timed);
        let waited = "Time that Redis took to answer a command, as the server saw it.";
        self.commands.render(&mut text, "hallpass_redis_command_duration_seconds", waited);
        verify_cache::render(&mut text, kept);
        text.family("hallpass_redis_up", "gauge", "Whether Redis answered just now and has the module.");
        for node in infos {
            text.sample("hallpass_redis_up", &module::labels(node), u8::from(node.info.is_some()));
        }
        module::render(&mut text, infos);
        text.into_string()
    }
}

impl Observer for Timings<2> {
    fn answered(&self, command: &str, outcome: &'static str, elapsed: Duration) {
        self.observe([command, outcome], elapsed);
    }
}

/// A guard for a request in flight.
pub struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns `ok`, or the error code of the response.
pub fn outcome(response: &Response) -> &'static str {
    response.extensions().get().map_or("ok", ApiError::code)
}

/// Returns the method as a label, `OTHER` unless it is a standard one, because clients can make up any number of
/// others.
pub fn method_label(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    fn redis(info: Option<&str>) -> NodeInfo {
        NodeInfo { node: None, info: info.map(str::to_owned) }
    }

    #[test]
    fn an_answer_is_counted_by_route_and_outcome() {
        let metrics = Metrics::new();
        let entered = metrics.enter();
        let refused = ApiError::InvalidGrant("the session has ended").into_response();
        metrics.answered("POST", "/token", &refused, Duration::from_millis(3));
        metrics.answered("POST", "/token", &refused, Duration::from_millis(3));
        let text = metrics.render(&[redis(None)], &[]);
        let labels = r#"{method="POST",route="/token",status="400",outcome="invalid_grant"}"#;
        assert!(text.contains(&format!("hallpass_http_requests_total{labels} 2\n")), "{text}");
        assert!(
            text.contains(&format!("hallpass_http_request_duration_seconds_count{labels} 2\n")),
            "{text}"
        );
        assert!(text.contains("hallpass_http_requests_in_flight 1\n"), "{text}");
        assert!(text.contains("hallpass_redis_up 0\n"), "{text}");
        drop(entered);
        let text = metrics.render(&[redis(Some(""))], &[]);
        assert!(text.contains("hallpass_http_requests_in_flight 0\n"), "{text}");
        assert!(text.contains("hallpass_redis_up 1\n"), "{text}");
    }

    #[test]
    fn an_unknown_method_is_not_a_label() {
        assert_eq!(method_label(&Method::DELETE), "DELETE");
        assert_eq!(method_label(&Method::from_bytes(b"hps_secret").expect("a method")), "OTHER");
    }
}
