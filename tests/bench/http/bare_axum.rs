//! The cost of HTTP by itself: an axum server whose routes answer with the result of one GET, over the same kind of
//! connection as hallpass-server, or just answer. It is this program, started again with [`ARGUMENT`].

use std::{env, path::Path, process::Command};

use axum::{
    Router,
    extract::{Path as Segment, State},
    http::StatusCode,
    routing::{get, post},
};
use redis::{AsyncTypedCommands, Client, aio::ConnectionManager};
use tokio::{net::TcpListener, runtime::Runtime};

/// The first argument that makes this program that server; the second is the socket of Redis.
pub const ARGUMENT: &str = "--bare-axum";

/// Starts it in front of the Redis behind `socket`.
pub fn command(socket: &Path) -> Command {
    let mut command = Command::new(env::current_exe().expect("a path of this program"));
    command.arg(ARGUMENT).arg(socket);
    command
}

/// Serves until it is killed, and prints its port like the other servers.
pub fn serve(socket: &str) {
    Runtime::new().expect("a runtime").block_on(async {
        let client = Client::open(format!("redis+unix://{socket}")).expect("an address");
        let redis = ConnectionManager::new(client).await.expect("redis-server listens");
        // One route only answers. The body is read, as for POST /token.
        let routes = Router::new().route("/", get(async || "x")).route("/{key}", get(value));
        let routes = routes.route("/{key}", post(value_for_body));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        println!("{}", serde_json::json!({ "port": port, "tokens": [] }));
        axum::serve(listener, routes.with_state(redis)).await.expect("it serves");
    });
}

async fn value(
    State(mut redis): State<ConnectionManager>,
    Segment(key): Segment<String>,
) -> Result<String, StatusCode> {
    let value = redis.get(key).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    value.ok_or(StatusCode::NOT_FOUND)
}

async fn value_for_body(
    redis: State<ConnectionManager>,
    key: Segment<String>,
    _body: String,
) -> Result<String, StatusCode> {
    value(redis, key).await
}
