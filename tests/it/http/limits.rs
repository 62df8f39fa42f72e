//! A server under pressure: bodies, heads and waiting are limited, and no request in flight is lost.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use crate::{
    http::redis,
    support::*,
    support::{http::HttpRequest, http_server::Server, wire::Wire},
};

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
        rest(sent(&server, &text))
    };
    assert!(head(32 * 1024).starts_with("HTTP/1.1 200 "));
    // The connection may be reset before the answer was read.
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

#[test]
fn requests_in_flight_finish_before_the_server_stops() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    let (access, refresh) = (login.text_of("access_token"), login.text_of("refresh_token"));
    let url = format!("http://{}", server.address());
    redis.connect().get::<()>(&["CLIENT", "PAUSE", "1500", "ALL"]);
    let verify = HttpRequest::new("GET", &format!("{url}/verify")).bearer(&access);
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let token = HttpRequest::new("POST", &format!("{url}/token")).form(&form);
    let waiting = [verify, token].map(|request| thread::spawn(move || request.send()));
    thread::sleep(Duration::from_millis(500));
    server.stop();
    for answer in waiting {
        assert_eq!(answer.join().unwrap().status, 200);
    }
    let refused = HttpRequest::new("GET", &format!("{url}/healthz")).try_send();
    assert!(refused.is_err(), "it listens no more");
}

#[test]
fn service_returns_within_a_second_of_redis_without_any_help() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    let access = server.login("42").text_of("access_token");
    redis.connect().get::<()>(&["SAVE"]);
    redis.stop();
    let started = Instant::now();
    assert_eq!(server.verify(&access).status, 503);
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    redis.restart();
    let started = Instant::now();
    wait_until("it verifies", SOON, || server.verify(&access).status == 200);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}
