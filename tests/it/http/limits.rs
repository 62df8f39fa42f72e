//! A server under pressure: bodies, heads and waiting are limited, and no request in flight is lost.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use serde_json::json;

use crate::{
    http::redis,
    support::*,
    support::{http_server::Server, wire::Wire},
};

/// How long the server waits for one answer of Redis.
const ANSWER_OF_REDIS: Duration = Duration::from_secs(2);

/// Returns a connection on which `text` was sent.
fn sent(server: &Server, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(text.as_bytes()).expect("it reads");
    stream
}

/// Returns everything that arrives until the server closes the connection.
fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The head of a request whose body never comes.
const STALLED: &str = "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\
                       Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant_type=";

#[test]
fn a_body_of_16_kib_is_read_and_a_larger_one_is_not() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let post = |length: usize| {
        let fixed = "grant_type=refresh_token&refresh_token=x&filler=";
        let body = format!("{fixed}{}", "x".repeat(length - fixed.len()));
        server.request("POST", "/token").typed("application/x-www-form-urlencoded", body).send()
    };
    assert_eq!(post(16 * 1024).error(), (400, "invalid_grant".into()));
    assert_eq!(post(16 * 1024 + 1).error(), (413, "invalid_request".into()));
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let answer = rest(sent(&server, STALLED));
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"invalid_request\""), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[test]
fn a_huge_head_is_refused() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let head = |length: usize| {
        let text = format!(
            "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Filler: {}\r\n\r\n",
            "x".repeat(length)
        );
        let mut stream = sent(&server, "");
        // The connection may be reset before everything was sent, or before the answer was read.
        let _ = stream.write_all(text.as_bytes());
        rest(stream)
    };
    assert!(head(32 * 1024).starts_with("HTTP/1.1 200 "));
    let answer = head(65 * 1024);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[test]
fn more_requests_than_can_be_worked_on_are_turned_away_at_once() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    let redis = redis();
    let server = Server::before(&redis, &["--trusted-proxy", "127.0.0.1"]);
    let access = server.login("42").text_of("access_token");
    let head = format!("GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {access}\r\n\r\n");
    let mut waiting: Vec<_> = (0..1_100).map(|_| Wire::to(&server)).collect();
    // A Redis that stands still keeps all of them at work; each is given up after some seconds.
    redis.signal(Signal::STOP);
    let (answer, elapsed) = wait_for("a request too many is turned away", SOON, || {
        waiting.iter_mut().for_each(|wire| wire.try_send(&head).unwrap_or_default());
        let started = Instant::now();
        let answer = server.verify(&access);
        (answer.status == 503 && started.elapsed() < Duration::from_secs(1))
            .then(|| (answer, started.elapsed()))
    });
    assert_eq!(answer.error(), (503, "temporarily_unavailable".into()));
    assert!(answer.has_header("retry-after") && elapsed < Duration::from_secs(1), "{elapsed:?}");
    assert_eq!(server.get("/healthz").status, 200, "the operator still sees it");
    redis.signal(Signal::CONT);
    drop(waiting);
    wait_until("it takes requests again", SOON, || server.verify(&access).status == 200);
}

/// Stops a server while a refresh and a login wait for Redis, and lets Redis go on. Returns the statuses of their answers;
/// `None` if this took so long that the server gave Redis up, which is an answer, too.
fn stop_during_requests() -> Option<[u16; 2]> {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let refresh = server.login("42").text_of("refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let token = server.request("POST", "/token").form(&form);
    let login = server.request("POST", "/sessions").basic("local", server.secret());
    let login = login.json(&json!({"subject": "43"}));
    let health = server.request("GET", "/healthz");
    let mut con = redis.connect();
    con.get::<()>(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    let started = Instant::now();
    let waiting = [token, login].map(|request| thread::spawn(move || request.send().status));
    let are_there = wait_for("one command waits, and another one behind it", SOON, || {
        let clients: String = con.get(&["CLIENT", "LIST"]);
        let has_both = |line: &str| line.contains(" cmd=auth.") && !line.contains(" qbuf=0 ");
        let are_there = clients.lines().any(has_both);
        (are_there || started.elapsed() > ANSWER_OF_REDIS).then_some(are_there)
    });
    if are_there {
        server.signal(Signal::TERM);
        wait_until("it stops", SOON, || server.log().contains("stopping: SIGTERM"));
    }
    con.get::<()>(&["CLIENT", "UNPAUSE"]);
    let waited = started.elapsed();
    let statuses = waiting.map(|answer| answer.join().expect("an answer"));
    server.stop();
    assert!(health.try_send().is_err(), "it listens no more");
    let are_late = waited > ANSWER_OF_REDIS / 2 && statuses.contains(&503);
    (are_there && !are_late).then_some(statuses)
}

#[test]
fn requests_in_flight_finish_before_the_server_stops() {
    let statuses = wait_for("Redis goes on in time", 2 * SOON, stop_during_requests);
    assert_eq!(statuses, [200, 201]);
}

#[test]
fn the_first_request_after_redis_is_back_is_served_without_any_help() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    let access = server.login("42").text_of("access_token");
    redis.connect().get::<()>(&["SAVE"]);
    redis.stop();
    assert_eq!(server.verify(&access).status, 503);
    redis.restart();
    assert_eq!(server.verify(&access).status, 200);
}
