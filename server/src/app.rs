//! The router: which request goes where, and what holds for all of them.

use crate::clients::Clients;
use crate::http::cookie::CookieMode;
use crate::http::error::ApiError;
use crate::metrics::Metrics;
use crate::middleware::cors::{Cors, Sharing};
use crate::middleware::in_flight;
use crate::middleware::rate_limit::{self, RateLimit};
use crate::middleware::source::TrustedProxies;
use crate::middleware::trace::Observation;
use crate::routes::{
    health, introspect, jwks, me, metadata, metrics, openapi, revoke, sessions, subjects, token, verify,
};
use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post, put};
use hallpass_client::{Hallpass, ModuleInfo, SubjectKeys};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The limit for one request, its body included; the call to Redis has a shorter one of its own.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// What every handler shares.
pub struct AppState {
    /// Redis.
    pub store: Hallpass,
    /// Who may issue.
    pub clients: Clients,
    /// From subjects to keys and back.
    pub keys: SubjectKeys,
    /// The module's configuration when the server started.
    pub module: ModuleInfo,
    /// The custom claims that /verify shows; all of them if `None`.
    pub verify_claims: Option<Vec<String>>,
    /// How long ago the login may be at /me; any time if `None`.
    pub me_auth_age: Option<Duration>,
    /// How browsers keep their refresh tokens.
    pub cookies: CookieMode,
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

impl AppState {
    /// The key of a subject that a caller names; 400 when it cannot be one.
    pub fn key_of_subject(&self, subject: &str) -> Result<String, ApiError> {
        let problem = "subject: 1 to 255 bytes without control characters, and neither . nor ..";
        self.keys.of_subject(subject).ok_or_else(|| ApiError::invalid_request(problem))
    }

    /// The key of the subject that a token of either kind names; `None` when it is no token.
    pub fn key_of_token(&self, token: &str) -> Option<String> {
        self.keys.of_token(token)
    }
}

/// All routes. Whatever is refused is refused as OAuth-style JSON, and nothing is cached unless its route says so.
pub fn app(state: AppState) -> Router {
    let state = Arc::new(state);
    let bounded =
        middleware::from_fn_with_state(Around { state: Arc::clone(&state), is_bounded: true }, handle);
    let unbounded =
        middleware::from_fn_with_state(Around { state: Arc::clone(&state), is_bounded: false }, handle);
    public()
        .route_layer(bounded)
        .merge(for_operators().route_layer(unbounded.clone()))
        .method_not_allowed_fallback((async || ApiError::MethodNotAllowed).layer(unbounded.clone()))
        .fallback((async || ApiError::NotFound).layer(unbounded))
        .with_state(state)
}

/// The routes of applications, users and gateways.
fn public() -> Router<Arc<AppState>> {
    Router::new()
        .route("/sessions", post(sessions::issue))
        .route("/subjects/{sub}/sessions", get(subjects::list).delete(subjects::end_all))
        .route("/subjects/{sub}/sessions/{sid}", delete(subjects::end_one))
        .route("/subjects/{sub}/claims", put(subjects::set_claims))
        .route("/token", post(token::token))
        .route("/revoke", post(revoke::revoke))
        .route("/introspect", post(introspect::introspect))
        .route("/verify", any(verify::verify))
        .route("/verify/", any(verify::verify_path))
        .route("/verify/{*path}", any(verify::verify_path))
        .route("/me/sessions", get(me::list).delete(me::end_several))
        .route("/me/sessions/{sid}", delete(me::end_one))
        .route("/.well-known/jwks.json", get(jwks::jwks))
        .route("/.well-known/oauth-authorization-server", get(metadata::metadata))
        .route("/.well-known/oauth-authorization-server/{*path}", get(metadata::metadata))
        .route("/.well-known/openid-configuration", get(metadata::metadata))
        .route("/.well-known/openid-configuration/{*path}", get(metadata::metadata))
}

/// The routes of the operator, which answer also when the server has too much to do.
fn for_operators() -> Router<Arc<AppState>> {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/openapi.json", get(openapi::document))
        .route("/docs", get(openapi::page))
}

/// What is around a route.
#[derive(Clone)]
struct Around {
    state: Arc<AppState>,
    /// Whether requests may be turned away because of how many there are.
    is_bounded: bool,
}

/// What happens around every route, in one layer, since each costs a request as much as reading its head.
async fn handle(State(around): State<Around>, mut request: Request, next: Next) -> Response {
    let state = &*around.state;
    let observation = Observation::begin(state, &mut request);
    let sharing = Sharing::of(&state.cors, &request);
    let mut response = match sharing.preflight() {
        Some(answer) => answer,
        None => {
            let slots = around.is_bounded.then_some(&state.slots);
            let answer = pin!(in_flight::bound(slots, next.run(request)));
            rate_limit::count_failed(state, observation.source(), supervise(answer).await)
        }
    };
    sharing.tell(&mut response);
    observation.end(state, response)
}

/// Ends what takes too long, and forbids caching by default.
async fn supervise(answer: Pin<&mut impl Future<Output = Response>>) -> Response {
    let answer = tokio::time::timeout(REQUEST_TIMEOUT, answer).await;
    let mut response = answer.unwrap_or_else(|_| ApiError::RequestTimeout.into_response());
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::{Client, Scope, SecretHash};
    use crate::http::body::MAX_BODY_BYTES;
    use axum::body::Body;
    use axum::http::{HeaderMap, StatusCode};
    use base64::{Engine, prelude::BASE64_STANDARD};
    use hallpass_client::Address;
    use serde_json::Value;
    use tower::ServiceExt;

    /// The state of an app whose Redis is not there.
    fn state() -> AppState {
        let address = Address::parse("unix:/nonexistent/redis.sock").expect("an address");
        let client = Client {
            id: "shop".into(),
            scopes: vec![Scope::Issue],
            audiences: Some(vec!["shop".into()]),
            confidential: true,
            secrets: vec![SecretHash::of("secret")],
        };
        let reader = Client { id: "reader".into(), scopes: vec![Scope::Introspect], ..client.clone() };
        AppState {
            store: Hallpass::new(&address).expect("a store"),
            clients: Clients::new([client, reader]),
            keys: SubjectKeys::new("auth:*").expect("a pattern"),
            module: ModuleInfo {
                key_pattern: "auth:*".into(),
                issuer: None,
                audience: Some("api".into()),
                is_cluster: false,
            },
            verify_claims: None,
            me_auth_age: None,
            cookies: CookieMode::new(false),
            cors: Cors::new(&["https://app.example".into()]),
            proxies: TrustedProxies::default(),
            limits: RateLimit::per_second(50),
            slots: Semaphore::new(1),
            metrics: Metrics::new(),
        }
    }

    async fn send(request: Request) -> (StatusCode, HeaderMap, Value) {
        send_to(state(), request).await
    }

    async fn send_to(state: AppState, request: Request) -> (StatusCode, HeaderMap, Value) {
        let response = app(state).oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    fn request(method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(path)
    }

    async fn issue_as(client: &str, body: &str) -> (StatusCode, HeaderMap, Value) {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{client}:secret")));
        let request = request("POST", "/sessions").header("authorization", basic);
        send(
            request
                .header("content-type", "application/json")
                .body(Body::from(body.to_owned()))
                .expect("valid"),
        )
        .await
    }

    async fn token(body: &str) -> (StatusCode, HeaderMap, Value) {
        let request = request("POST", "/token").header("content-type", "application/x-www-form-urlencoded");
        send(request.body(Body::from(body.to_owned())).expect("valid")).await
    }

    #[tokio::test]
    async fn unknown_routes_and_methods_are_oauth_json() {
        let (status, headers, body) =
            send(request("GET", "/nowhere").body(Body::empty()).expect("valid")).await;
        assert_eq!((status, &body["error"]), (StatusCode::NOT_FOUND, &Value::from("not_found")));
        assert_eq!(headers["cache-control"], "no-store");
        let (status, headers, body) =
            send(request("GET", "/sessions").body(Body::empty()).expect("valid")).await;
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::METHOD_NOT_ALLOWED, &Value::from("invalid_request"))
        );
        assert_eq!(headers["allow"], "POST");
    }

    #[tokio::test]
    async fn issuing_needs_a_client_with_the_scope() {
        let post = request("POST", "/sessions").header("content-type", "application/json");
        let (status, headers, body) = send(post.body(Body::from("{}")).expect("valid")).await;
        assert_eq!((status, &body["error"]), (StatusCode::UNAUTHORIZED, &Value::from("invalid_client")));
        assert!(headers["www-authenticate"].to_str().expect("ASCII").starts_with("Basic "));
        let (status, _, body) = issue_as("reader", r#"{"subject":"u"}"#).await;
        assert_eq!((status, &body["error"]), (StatusCode::FORBIDDEN, &Value::from("insufficient_scope")));
    }

    #[tokio::test]
    async fn a_wrong_session_request_is_refused() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"subject":""}"#,
            r#"{"subject":"u","unknown":1}"#,
            r#"{"subject":"u","subject":"v"}"#,
            r#"{"subject":"u","max_ttl":-1}"#,
            r#"{"subject":"u","on_limit":"evict"}"#,
            r#"{"subject":"u","limit":1,"on_limit":"EVICT"}"#,
            r#"{"subject":"u","cookie":1}"#,
            "{\"subject\":\"\u{1}\"}",
        ] {
            let (status, _, answer) = issue_as("shop", body).await;
            assert_eq!(
                (status, &answer["error"]),
                (StatusCode::BAD_REQUEST, &"invalid_request".into()),
                "{body}"
            );
        }
        let (status, _, answer) =
            issue_as("shop", &format!(r#"{{"subject":"{}"}}"#, "u".repeat(MAX_BODY_BYTES))).await;
        assert_eq!((status, &answer["error"]), (StatusCode::PAYLOAD_TOO_LARGE, &"invalid_request".into()));
    }

    #[tokio::test]
    async fn a_client_issues_for_its_audiences_only() {
        for body in [r#"{"subject":"u"}"#, r#"{"subject":"u","audience":"api"}"#] {
            let (status, _, answer) = issue_as("shop", body).await;
            assert_eq!(
                (status, &answer["error"]),
                (StatusCode::FORBIDDEN, &"insufficient_scope".into()),
                "{body}"
            );
        }
    }

    #[tokio::test]
    async fn without_redis_a_request_that_needs_it_is_503() {
        let (status, headers, answer) =
            issue_as("shop", r#"{"subject":"u","audience":"shop","cookie":false}"#).await;
        assert_eq!(
            (status, &answer["error"]),
            (StatusCode::SERVICE_UNAVAILABLE, &"temporarily_unavailable".into())
        );
        assert_eq!(headers["retry-after"], "1");
        for path in ["/readyz", "/.well-known/jwks.json"] {
            let (status, ..) = send(request("GET", path).body(Body::empty()).expect("valid")).await;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        }
        let (status, ..) = send(request("GET", "/healthz").body(Body::empty()).expect("valid")).await;
        assert_eq!(status, StatusCode::OK);
    }

    #[tokio::test]
    async fn the_token_endpoint_names_what_is_wrong() {
        for (body, error) in [
            ("", "invalid_request"),
            ("grant_type=password", "unsupported_grant_type"),
            ("grant_type=refresh_token", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=a&refresh_token=a", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=a&scope=a&scope=a", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=%FF", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=nonsense&unknown=1", "invalid_grant"),
        ] {
            let (status, headers, answer) = token(body).await;
            assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &error.into()), "{body}");
            assert_eq!(headers["cache-control"], "no-store");
        }
        let (status, _, answer) = token("grant_type=refresh_token&refresh_token=a&client_id=shop").await;
        assert_eq!((status, &answer["error"]), (StatusCode::UNAUTHORIZED, &"invalid_client".into()));
        let (status, _, answer) =
            send(request("POST", "/token").body(Body::from("{}")).expect("valid")).await;
        assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &"invalid_request".into()));
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
            let busy = AppState { slots: Semaphore::new(0), ..state() };
            let (answered, headers, _) =
                send_to(busy, request(method, path).body(Body::empty()).expect("valid")).await;
            assert_eq!(answered, status, "{path}");
            assert_eq!(headers.contains_key("retry-after"), status == 503, "{path}");
        }
    }

    #[tokio::test]
    async fn verify_answers_every_method_and_asks_for_a_bearer_token() {
        for (method, path) in
            [("GET", "/verify"), ("POST", "/verify/"), ("PURGE", "/verify/a/b?audience=%FF")]
        {
            let (status, headers, _) = send(request(method, path).body(Body::empty()).expect("valid")).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(headers["www-authenticate"], "Bearer");
            assert_eq!(headers["cache-control"], "no-store");
        }
        let bad = request("GET", "/verify").header("authorization", "Bearer nonsense");
        let (status, headers, _) = send(bad.body(Body::empty()).expect("valid")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(headers["www-authenticate"].to_str().expect("ASCII").contains("error=\"invalid_token\""));
    }
}
