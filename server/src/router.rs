//! The router: every route, and what holds for it.

use crate::http::error::ApiError;
use crate::middleware::policy::Policy;
use crate::middleware::rate_limit::Purpose;
use crate::middleware::{Around, handle};
use crate::routes::{
    console, events, health, inspect, introspect, jwks, keys, me, metadata, metrics, openapi, revoke,
    sessions, subjects, token, verify,
};
use crate::state::AppState;
use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, any, delete, get, post, put};
use std::sync::Arc;

/// A route: its properties, and its handlers by method.
type Route = (Policy, MethodRouter<Arc<AppState>>);

/// Every route. A new one also needs an entry in `assets/openapi.json`, which a test compares.
fn routes() -> Vec<Route> {
    let (public, operator) = (Policy::public, Policy::operator);
    vec![
        // Applications: clients with a scope.
        (public("/sessions").with_body(Purpose::FailedClient), post(sessions::issue)),
        (public("/subjects/{sub}/sessions"), get(subjects::list).delete(subjects::end_all)),
        (public("/subjects/{sub}/sessions/{sid}"), delete(subjects::end_one)),
        (public("/subjects/{sub}/claims").with_body(Purpose::FailedClient), put(subjects::set_claims)),
        (public("/introspect").with_body(Purpose::FailedClient), post(introspect::introspect)),
        // Gateways.
        (public("/verify").for_gateways(), any(verify::verify)),
        (public("/verify/").for_gateways(), any(verify::verify_path)),
        (public("/verify/{*path}").for_gateways(), any(verify::verify_path)),
        // Holders of tokens.
        (public("/token").for_browsers().with_body(Purpose::Token), post(token::token)),
        (public("/revoke").for_browsers().with_body(Purpose::Revoke), post(revoke::revoke)),
        (public("/me/sessions").for_browsers(), get(me::list).delete(me::end_several)),
        (public("/me/sessions/{sid}").for_browsers(), delete(me::end_one)),
        // Verifiers and libraries that look for the rest.
        (public("/.well-known/jwks.json").for_browsers(), get(jwks::jwks)),
        (public("/.well-known/oauth-authorization-server").for_browsers(), get(metadata::metadata)),
        (public("/.well-known/oauth-authorization-server/{*path}").for_browsers(), get(metadata::metadata)),
        (public("/.well-known/openid-configuration").for_browsers(), get(metadata::metadata)),
        (public("/.well-known/openid-configuration/{*path}").for_browsers(), get(metadata::metadata)),
        // The operator.
        (operator("/healthz").frequent(), get(health::alive)),
        (operator("/readyz").frequent(), get(health::ready)),
        (operator("/metrics").frequent(), get(metrics::metrics)),
        (operator("/openapi.json"), get(openapi::document)),
        (operator("/docs"), get(openapi::page)),
        // The console, for operators and support.
        (operator("/console").of_console(), get(console::show)),
        (operator("/console/{file}").of_console().frequent(), get(console::file)),
        (public("/events").of_console(), get(events::events)),
        (public("/keys").of_console().frequent(), get(keys::keys)),
        (public("/inspect").of_console().with_body(Purpose::FailedClient), post(inspect::inspect)),
    ]
}

/// The routes that a socket has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every route.
    All,
    /// Every route but those of the console.
    WithoutConsole,
    /// Those for applications, users and gateways. The operator's are elsewhere.
    Public,
}

/// Makes the router of the routes in `scope`. Whatever is refused is refused as OAuth-style JSON, and nothing is cached
/// unless its route says so.
pub fn router(state: &Arc<AppState>, scope: Scope) -> Router {
    let around = |policy| from_fn_with_state(Around { state: Arc::clone(&state.middleware), policy }, handle);
    let not_found = (async || ApiError::NotFound).layer(around(Policy::unknown()));
    let mut router = Router::new().fallback(not_found);
    let is_wanted = |policy: &Policy| match scope {
        Scope::All => true,
        Scope::WithoutConsole => !policy.is_console,
        Scope::Public => !policy.is_console && !policy.is_operator,
    };
    for (policy, handlers) in routes().into_iter().filter(|(policy, _)| is_wanted(policy)) {
        let not_allowed = (async || ApiError::MethodNotAllowed).layer(around(policy.for_other_methods()));
        let route = Router::new().route(policy.path, handlers).route_layer(around(policy));
        router = router.merge(route.method_not_allowed_fallback(not_allowed));
    }
    router.with_state(Arc::clone(state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer, request, state};
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::StatusCode;
    use serde_json::Value;
    use std::collections::BTreeSet;
    use tokio::sync::Semaphore;
    use tower::ServiceExt;

    async fn send_to(state: AppState, request: Request) -> Answer {
        let router = router(&Arc::new(state), Scope::All);
        Answer::read(router.oneshot(request).await.expect("infallible")).await
    }

    async fn send(method: &str, path: &str) -> Answer {
        send_to(state(), request(method, path).body(Body::empty()).expect("valid")).await
    }

    /// Returns the methods that a route takes; any is GET, as the document has it.
    async fn methods(path: &str) -> Vec<String> {
        let answer = send("TRACE", path).await;
        if answer.status != StatusCode::METHOD_NOT_ALLOWED {
            return vec!["get".into()];
        }
        let allowed = answer.headers["allow"].to_str().expect("ASCII").to_ascii_lowercase();
        allowed.split(',').filter(|method| *method != "head").map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn the_document_has_every_route_and_no_other() {
        let mut routed = BTreeSet::new();
        for (policy, _) in routes() {
            let path = policy.path.replace("{*", "{");
            routed.extend(methods(policy.path).await.into_iter().map(|method| format!("{method} {path}")));
        }
        let document: Value = serde_json::from_str(openapi::DOCUMENT).expect("JSON");
        let paths = document["paths"].as_object().expect("paths").iter();
        let documented = paths.flat_map(|(path, item)| {
            let methods = item.as_object().expect("an item").keys().filter(|key| *key != "parameters");
            methods.map(move |method| format!("{method} {path}"))
        });
        assert_eq!(documented.collect::<BTreeSet<_>>(), routed);
    }

    #[tokio::test]
    async fn the_routes_for_the_operator_can_be_elsewhere() {
        for (path, status) in [("/healthz", 404), ("/metrics", 404), ("/docs", 404), ("/verify", 401)] {
            let router = router(&Arc::new(state()), Scope::Public);
            let request = request("GET", path).body(Body::empty()).expect("valid");
            let answer = Answer::read(router.oneshot(request).await.expect("infallible")).await;
            assert_eq!(answer.status, status, "{path}");
        }
    }

    #[tokio::test]
    async fn unknown_routes_and_methods_are_oauth_json() {
        let answer = send("GET", "/nowhere").await;
        assert_eq!((answer.status, answer.error()), (StatusCode::NOT_FOUND, "not_found"));
        assert_eq!(answer.headers["cache-control"], "no-store");
        let answer = send("GET", "/sessions").await;
        assert_eq!((answer.status, answer.error()), (StatusCode::METHOD_NOT_ALLOWED, "invalid_request"));
        assert_eq!(answer.headers["allow"], "POST");
    }

    #[tokio::test]
    async fn a_request_too_many_is_turned_away_and_a_probe_is_not() {
        for (method, path, status) in [
            ("GET", "/verify", 503),
            ("POST", "/token", 503),
            ("GET", "/token", 405),
            ("GET", "/nowhere", 404),
            ("GET", "/healthz", 200),
            ("GET", "/metrics", 200),
        ] {
            let mut busy = state();
            Arc::get_mut(&mut busy.middleware).expect("not shared yet").slots = Semaphore::new(0).into();
            let answer = send_to(busy, request(method, path).body(Body::empty()).expect("valid")).await;
            assert_eq!(answer.status, status, "{path}");
            assert_eq!(answer.headers.contains_key("retry-after"), status == 503, "{path}");
        }
    }

    #[tokio::test]
    async fn only_routes_for_browsers_vary_with_the_origin_whatever_the_answer() {
        for (method, path, varies) in [
            ("POST", "/token", true),
            ("GET", "/token", true),
            ("GET", "/me/sessions", true),
            ("GET", "/.well-known/openid-configuration/auth", true),
            ("POST", "/sessions", false),
            ("GET", "/verify", false),
            ("GET", "/nowhere", false),
            ("GET", "/healthz", false),
        ] {
            let answer = send(method, path).await;
            assert_eq!(answer.headers.contains_key("vary"), varies, "{method} {path}");
        }
    }

    #[tokio::test]
    async fn verify_answers_every_method() {
        for (method, path) in
            [("GET", "/verify"), ("POST", "/verify/"), ("PURGE", "/verify/a/b?audience=%FF")]
        {
            let answer = send(method, path).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
            assert_eq!(answer.headers["cache-control"], "no-store");
        }
    }
}
