//! Requests of browsers from other origins: refused unless the origin is named, and then allowed only on routes for
//! holders.

use serde_json::json;

use crate::{
    http::redis,
    support::*,
    support::{
        http::{HttpAnswer, HttpRequest},
        http_server::Server,
    },
};

const APP: &str = "https://app.example";
const OTHER: &str = "http://localhost:3000";
const FLAGS: [&str; 4] = ["--allowed-origin", APP, "--allowed-origin", OTHER];

fn from(request: HttpRequest, origin: &str) -> HttpRequest {
    request.header("origin", origin)
}

fn preflight(server: &Server, path: &str, origin: &str) -> HttpAnswer {
    let request = from(server.request("OPTIONS", path), origin);
    let wants = "x-hallpass, authorization, content-type";
    let request = request.header("access-control-request-method", "POST");
    request.header("access-control-request-headers", wants).send()
}

/// Asserts that a script of `origin` can read the answer.
#[track_caller]
fn is_readable(answer: &HttpAnswer, origin: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), origin, "{answer:?}");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("vary").to_ascii_lowercase(), "origin");
}

/// Asserts that no script of another origin can read the answer.
#[track_caller]
fn is_closed(answer: &HttpAnswer) {
    for name in ["origin", "credentials", "methods", "headers"] {
        assert!(!answer.has_header(&format!("access-control-allow-{name}")), "{answer:?}");
    }
}

#[test]
fn without_named_origins_there_is_nothing() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let answer = preflight(&server, "/token", APP);
    assert_eq!(answer.error(), (405, "invalid_request".into()));
    is_closed(&answer);
    let answer = from(server.request("GET", "/.well-known/jwks.json"), APP).send();
    assert!(answer.status == 200 && !answer.has_header("vary"));
    is_closed(&answer);
}

#[test]
fn a_named_origin_may_use_what_is_for_holders() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    for (origin, path) in [(APP, "/token"), (OTHER, "/token"), (APP, "/revoke"), (APP, "/me/sessions")] {
        let answer = preflight(&server, path, origin);
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{path}");
        is_readable(&answer, origin);
        let headers = answer.header("access-control-allow-headers").to_ascii_lowercase();
        for name in ["x-hallpass", "authorization", "content-type"] {
            assert!(headers.contains(name), "{headers}");
        }
        let methods = answer.header("access-control-allow-methods").to_owned();
        assert!(["GET", "POST", "DELETE"].iter().all(|method| methods.contains(method)), "{methods}");
    }
    let login = server.sessions(&json!({"subject": "42", "cookie": true}));
    let session = login.header("set-cookie").split(';').next().unwrap().to_owned();
    let request = from(server.request("POST", "/token"), APP).header("cookie", &session);
    let answer = request.header("x-hallpass", "1").form(&[("grant_type", "refresh_token")]).send();
    assert_eq!(answer.status, 200);
    is_readable(&answer, APP);
    assert!(answer.has_header("set-cookie"));
    for path in ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server"] {
        let answer = from(server.request("GET", path), APP).send();
        assert_eq!(answer.status, 200, "{path}");
        is_readable(&answer, APP);
    }
}

#[test]
fn a_script_can_read_refusals_too() {
    let mut redis = redis();
    let server = Server::before(&redis, &[&FLAGS[..], &["--rate-limit", "1"]].concat());
    let token =
        || from(server.request("POST", "/token"), APP).form(&[("grant_type", "refresh_token")]).send();
    let limited = (0..20).map(|_| token()).find(|answer| answer.status == 429).expect("a limit");
    is_readable(&limited, APP);
    let exposed = limited.header("access-control-expose-headers").to_ascii_lowercase();
    assert!(exposed.contains("retry-after"), "{exposed}");
    let wrong = from(server.request("GET", "/token"), APP).send();
    assert_eq!(wrong.error(), (405, "invalid_request".into()));
    is_readable(&wrong, APP);
    redis.stop();
    let outage = from(server.request("GET", "/.well-known/jwks.json"), APP).send();
    assert_eq!(outage.error(), (503, "temporarily_unavailable".into()));
    is_readable(&outage, APP);
    redis.restart();
}

#[test]
fn other_origins_and_other_routes_stay_closed() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    for origin in [
        "https://evil.example",
        "null",
        "https://app.example.evil",
        "http://app.example",
        "https://APP.example",
    ] {
        let answer = preflight(&server, "/token", origin);
        assert_eq!((answer.status, answer.header("vary")), (405, "Origin"), "{origin}");
        is_closed(&answer);
        let answer = from(server.request("GET", "/.well-known/jwks.json"), origin).send();
        assert_eq!((answer.status, answer.header("vary")), (200, "Origin"), "{origin}");
        is_closed(&answer);
    }
    assert_eq!(server.get("/.well-known/jwks.json").header("vary"), "Origin", "also for no origin");
    for path in ["/sessions", "/introspect", "/subjects/42/sessions", "/healthz", "/metrics", "/nowhere"] {
        let answer = preflight(&server, path, APP);
        assert!(answer.status >= 400, "{path}");
        is_closed(&answer);
    }
    let verify = preflight(&server, "/verify", APP);
    assert_eq!(verify.status, 401, "a gateway asks with any method");
    is_closed(&verify);
}

#[test]
fn an_invalid_origin_stops_the_server() {
    for origin in ["*", "https://app.example/", "app.example", "https://*.example"] {
        let dir = http_server::directory();
        let complaint = http_server::refuses_to_serve(dir.path(), &["--allowed-origin", origin]);
        assert!(complaint.lines().count() == 1 && complaint.contains("--allowed-origin"), "{complaint}");
    }
}
