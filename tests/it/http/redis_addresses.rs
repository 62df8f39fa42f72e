//! Addresses that cannot be used: one line names the reason. Where nothing answers, the server waits; where something else
//! does, it does not start.

use crate::support::{
    http_server::{ISSUER, Server, directory, refuses_to_serve},
    *,
};

/// Returns the one line with which a server refuses this address.
#[track_caller]
fn refusal(url: &str) -> String {
    let complaint = refuses_to_serve(directory().path(), &["--redis-url", url]);
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    assert!(!complaint.contains("secret"), "{complaint}");
    complaint
}

fn plain_redis() -> (Redis, String) {
    let redis = Redis::builder().tcp().line(&format!("hallpass.issuer {ISSUER}")).start();
    let host = format!("127.0.0.1:{}", redis.port());
    (redis, host)
}

/// The line with which a server waits for the Redis at this address.
#[track_caller]
fn waiting(url: &str) -> String {
    let server = Server::waiting_for(url, &[]);
    assert_eq!(server.get("/readyz").error(), (503, "temporarily_unavailable".into()), "{url}");
    let log = server.log();
    assert!(!log.contains("secret"), "{log}");
    log
}

#[test]
fn nobody_there() {
    for url in [
        "127.0.0.1:1",
        "redis://user:secret@127.0.0.1:1/",
        "unix:/nonexistent.sock",
        "redis-cluster://:secret@127.0.0.1:1,127.0.0.1:2",
        "redis-sentinel://:secret@127.0.0.1:1/main",
    ] {
        assert!(waiting(url).contains("answering 503 until it is there"), "{url}");
    }
}

#[test]
fn somebody_else_there() {
    let (_redis, host) = plain_redis();
    assert!(refusal(&format!("redis-cluster://{host}")).contains("use redis://"));
    assert!(waiting(&format!("redis-sentinel://{host}/main")).contains("sentinel"));
    let node = Redis::builder().cluster_node().line(&format!("hallpass.issuer {ISSUER}")).start();
    assert!(refusal(&format!("redis://127.0.0.1:{}", node.port())).contains("use redis-cluster://"));
}

#[test]
fn sentinels_that_know_no_such_primary() {
    let sentinels = Sentinels::start(&[]);
    let url = sentinels.url().replace(sentinel::MASTER, "other");
    assert!(waiting(&url).contains("Master with given name not found"));
}

#[test]
fn mistyped() {
    for url in ["redis-cluster://secret@h", "redis-sentinel://secret@h:1", "redis-clusters://secret@h:1"] {
        assert!(refusal(url).contains("--redis-url"), "{url}");
    }
}
