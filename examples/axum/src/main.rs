//! An axum application with Hallpass, which verifies tokens in its own process; docs/stacks/axum.md explains it.
//!
//! Environment: `PORT` (3000), `REDIS_URL` (redis://127.0.0.1:6380), `DEV_COOKIE=1` for a cookie that needs no https.

mod cookie;
mod login;

use std::{env, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    cookie::NotRefreshed,
    login::{Hallpass, Refused, User},
};

type App = State<Arc<Hallpass>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let variable = |name: &str, otherwise: &str| env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    let hallpass = Hallpass::new(&variable("REDIS_URL", "redis://127.0.0.1:6380"))?;
    let router = Router::new()
        .route("/login", post(log_in))
        .route("/token", post(refresh))
        .route("/revoke", post(log_out))
        .route("/api/hello", get(hello))
        .route("/api/devices", get(devices).delete(log_out_everywhere))
        .merge(page())
        .with_state(Arc::new(hallpass));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", variable("PORT", "3000"))).await?;
    println!("The example listens on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

/// What a real application has in its database, with hashed passwords: name, id, shown name, password.
const USERS: [(&str, &str, &str, &str); 2] = [("ada", "42", "Ada", "demo"), ("grace", "43", "Grace", "demo")];

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

/// Takes JSON only, which a form on another site cannot send: so it cannot log anybody in.
async fn log_in(State(hallpass): App, Json(credentials): Json<Credentials>) -> Result<Response, Refused> {
    let is_right =
        |user: &&(&str, &str, &str, &str)| user.0 == credentials.name && user.3 == credentials.password;
    let Some((_, id, name, _)) = USERS.iter().find(is_right) else {
        return Ok((StatusCode::UNAUTHORIZED, Json(json!({"error": "access_denied"}))).into_response());
    };
    hallpass.begin(id, &json!({ "name": name })).await.map(cookie::hand_over)
}

async fn refresh(State(hallpass): App, headers: HeaderMap) -> Result<Response, NotRefreshed> {
    let tokens = hallpass.refresh(&cookie::from_page(&headers)?).await?;
    Ok(cookie::hand_over(tokens))
}

async fn log_out(State(hallpass): App, headers: HeaderMap) -> Result<Response, NotRefreshed> {
    hallpass.end(&cookie::from_page(&headers)?).await?;
    Ok((cookie::cleared(), Json(json!({}))).into_response())
}

async fn hello(user: User) -> Json<Value> {
    Json(json!({"user": format!("{} ({})", user.name, user.id), "message": format!("Hello {}", user.name)}))
}

async fn devices(State(hallpass): App, user: User) -> Result<Json<Value>, Refused> {
    let sessions = hallpass.sessions(&user).await?;
    Ok(Json(json!({ "sessions": sessions })))
}

async fn log_out_everywhere(State(hallpass): App, user: User) -> Result<Json<Value>, Refused> {
    let revoked = hallpass.log_out_everywhere(&user).await?;
    Ok(Json(json!({ "revoked": revoked })))
}

/// The page of examples/browser: login, silent refresh, logout.
fn page() -> Router<Arc<Hallpass>> {
    let script = |text| move || async move { ([(header::CONTENT_TYPE, "text/javascript")], text) };
    let style = || async { ([(header::CONTENT_TYPE, "text/css")], include_str!("../../browser/page.css")) };
    Router::new()
        .route("/", get(|| async { Html(include_str!("../../browser/index.html")) }))
        .route("/page.css", get(style))
        .route("/page.js", get(script(include_str!("../../browser/page.js"))))
        .route("/hallpass.js", get(script(include_str!("../../../packages/browser/hallpass.js"))))
}
