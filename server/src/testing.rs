//! The fixture of the routes' unit tests: the state of a server whose Redis is away.

use crate::events::Events;
use crate::http::cookie::{CookieMode, SameSite};
use crate::metrics::Metrics;
use crate::middleware::MiddlewareState;
use crate::middleware::bodies::Bodies;
use crate::middleware::cors::Cors;
use crate::middleware::rate_limit::{Purpose, RateLimit, RateLimitKey};
use crate::middleware::shares::Shares;
use crate::middleware::source::TrustedProxies;
use crate::oauth_clients::{Client, Clients, Scope};
use crate::outside_issuers::OutsideIssuers;
use crate::state::{AppState, Module, verifier};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::request::Builder;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use base64::{Engine, prelude::BASE64_STANDARD};
use hallpass_admin::clients::SecretHash;
use hallpass_client::{Address, Hallpass, ModuleInfo};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A state with the clients `shop`, which may issue for the audience `shop`, and `reader`, which may introspect.
pub fn state() -> AppState {
    let address = Address::parse("unix:/nonexistent/redis.sock").expect("an address");
    let client = Client {
        id: "shop".into(),
        scopes: vec![Scope::Issue],
        audiences: Some(vec!["shop".into()]),
        confidential: true,
        secrets: vec![SecretHash::of("secret")],
    };
    let reader = Client { id: "reader".into(), scopes: vec![Scope::Introspect], ..client.clone() };
    let info = ModuleInfo {
        key_pattern: "auth:*".into(),
        issuer: None,
        audience: Some("api".into()),
        refresh_requires_access: false,
        is_cluster: false,
    };
    let module = Module::found(info).expect("a pattern");
    let store = Arc::new(Hallpass::new(&address).expect("a store"));
    AppState {
        verifier: verifier(&store, None),
        store,
        clients: Clients::new([client, reader]),
        issuers: OutsideIssuers::new(vec![]),
        module: module.into(),
        verify_claims: None,
        me_auth_age: None,
        cookies: CookieMode { is_dev: false, same_site: SameSite::Strict },
        events: Events::new(),
        is_demo: false,
        middleware: Arc::new(MiddlewareState {
            cors: Cors::new(&["https://app.example".into()]),
            proxies: TrustedProxies::default(),
            has_session_cookie: true,
            limits: RateLimit::per_second(50),
            bodies: Shares::default(),
            slots: Arc::new(Semaphore::new(1)),
            metrics: Metrics::new(),
            subject_hash: None,
        }),
    }
}

/// The state as handlers take it.
pub fn shared() -> State<Arc<AppState>> {
    State(Arc::new(state()))
}

/// What the middleware gives to a handler that reads a body.
pub fn bodies(state: &AppState, purpose: Purpose) -> Extension<Bodies> {
    let source = state.middleware.proxies.source(None, &HeaderMap::new());
    let key = RateLimitKey { source, purpose };
    Extension(Bodies { state: Arc::clone(&state.middleware), key })
}

/// Begins a request.
pub fn request(method: &str, path: &str) -> Builder {
    Request::builder().method(method).uri(path).header("host", "localhost")
}

/// A request with the Basic credentials of a client of [`state`].
pub fn request_as(client: &str, method: &str, path: &str) -> Builder {
    let credentials = BASE64_STANDARD.encode(format!("{client}:secret"));
    request(method, path).header("authorization", format!("Basic {credentials}"))
}

/// A response, read.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, if that is JSON; null otherwise.
    pub body: Value,
}

impl Answer {
    /// Reads what a handler or the router returned.
    pub async fn read(response: impl IntoResponse) -> Self {
        let (parts, body) = response.into_response().into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Self { status: parts.status, headers: parts.headers, body }
    }

    /// The error code of a refusal; empty otherwise.
    pub fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }
}
