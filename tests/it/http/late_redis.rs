//! A Redis that is away when the server starts: it is waited for, and nobody is told anything wrong meanwhile.

use std::fs;

use crate::{
    http::redis,
    support::http_server::{ISSUER, Server},
    support::*,
};

/// The URL of a Redis.
fn url(redis: &Redis) -> String {
    format!("unix:{}", redis.socket().display())
}

#[test]
fn a_redis_that_comes_late_is_waited_for() {
    let mut redis = redis();
    redis.stop();
    let server = Server::waiting_for(&url(&redis), &["--allowed-origin", "https://app.example"]);
    assert_eq!(server.get("/healthz").status, 200);
    for path in ["/readyz", "/verify", "/.well-known/openid-configuration", "/.well-known/jwks.json"] {
        let answer = server.request("GET", path).bearer("a.b.c").send();
        assert_eq!(answer.error(), (503, "temporarily_unavailable".into()), "{path}");
        assert!(answer.has_header("retry-after"));
    }
    let cookie = server.request("POST", "/token").header("cookie", "__Host-hallpass=hp1.a.b.c.0.d");
    let cookie = cookie.header("x-hallpass", "1").header("origin", "https://app.example");
    let answer = cookie.form(&[("grant_type", "refresh_token")]).send();
    assert_eq!(answer.error(), (503, "temporarily_unavailable".into()));
    assert!(!answer.has_header("set-cookie"), "an outage logs nobody out");
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example");
    assert!(server.get("/metrics").text.contains("hallpass_redis_up 0"));
    let log = server.log();
    assert_eq!(log.matches("waiting for Redis").count(), 1, "{log}");

    redis.restart();
    wait_until("it is ready", SOON, || server.get("/readyz").status == 200);
    let access = server.login("42").text_of("access_token");
    assert_eq!(server.verify(&access).status, 200);
    assert!(server.log().contains("Redis is there"));
}

#[test]
fn a_redis_that_comes_late_and_does_not_fit_ends_the_server() {
    for (line, word) in [("hallpass.issuer https://other.example", "--issuer"), ("", "no issuer")] {
        let mut redis = Redis::with(&[line]);
        redis.stop();
        let server = Server::waiting_for(&url(&redis), &["--issuer", ISSUER]);
        redis.restart();
        let complaint = server.complaint();
        assert!(complaint.contains(word), "{complaint}");
    }
    let mut redis = redis();
    redis.stop();
    let server = Server::waiting_for(&url(&redis), &[]);
    let path = redis.path("redis.conf");
    let without: String = fs::read_to_string(&path)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with("loadmodule") && !line.starts_with("hallpass."))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&path, without).unwrap();
    redis.restart();
    let complaint = server.complaint();
    assert!(complaint.contains("the hallpass module is not loaded"), "{complaint}");
}
