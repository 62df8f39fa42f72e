//! Floods from one address: somebody at another one is served within a second all the while.

use std::{
    net::Ipv4Addr,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{
    http::redis,
    support::*,
    support::{http_server::Server, wire::Wire},
};

/// The address of somebody else.
const ANOTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Within this a request is answered.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Lets this process hold as many files as it may.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
}

/// The status of a request of somebody else, over a connection of its own, and how long it took.
fn ask(server: &Server, request: &str) -> (u16, Duration) {
    let started = Instant::now();
    let answer = Wire::from_address(server, ANOTHER).send(request).try_answer();
    (answer.map_or(0, |answer| answer.status), started.elapsed())
}

/// Asserts that somebody else gets this status at once. A machine that is busy with something else gets another chance.
#[track_caller]
fn is_served(server: &Server, request: &str, status: u16) {
    let answers: Vec<_> = (0..3).map(|_| ask(server, request)).collect();
    let is_right = |(answered, elapsed): &(u16, Duration)| *answered == status && *elapsed < AT_ONCE;
    assert!(
        answers.iter().any(is_right) && answers.iter().all(|(answered, _)| *answered == status),
        "{answers:?}"
    );
}

fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n")
}

fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// The number behind the name of a metric without labels.
fn metric(server: &Server, name: &str) -> u64 {
    let text = Wire::from_address(server, ANOTHER).send(&get("/metrics", "")).answer().body;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or_else(|| panic!("no {name}: {text}"))
}

/// 1,100 bodies that never come, to this path, from one address.
fn stalled(server: &Server, path: &str) -> Vec<Wire> {
    let head = post(path, "grant_type=refresh_token").replace("Length: 24", "Length: 100");
    (0..1_100).map(|_| Wire::to(server).send(&head)).collect()
}

#[test]
fn bodies_that_never_come_cost_nobody_else_anything() {
    raise_file_limit();
    let redis = redis();
    // One address may open as many connections as it likes here: the bodies alone are on trial.
    let server = Server::before(&redis, &["--trusted-proxy", "127.0.0.1"]);
    let access = server.login("42").text_of("access_token");
    let verify = get("/verify", &format!("Authorization: Bearer {access}\r\n"));
    let introspect =
        post("/introspect", &format!("token={access}&client_id=local&client_secret={}", server.secret()));
    for path in ["/token", "/revoke", "/introspect"] {
        let _stalled = stalled(&server, path);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(3) {
            is_served(&server, &verify, 200);
            is_served(&server, &post("/token", "grant_type=refresh_token&refresh_token=x"), 400);
            is_served(&server, &post("/revoke", "token=x"), 200);
            is_served(&server, &introspect, 200);
            // Below the rate limit of its own.
            thread::sleep(Duration::from_millis(200));
        }
    }
}

#[test]
fn a_body_has_two_seconds_and_counts_against_the_rate_before_it_comes() {
    raise_file_limit();
    let redis = redis();
    let server = Server::before(&redis, &["--rate-limit", "1", "--trusted-proxy", "127.0.0.1"]);
    let mut stalled = stalled(&server, "/token");
    let statuses: Vec<u16> = stalled.iter_mut().map(|wire| wire.answer().status).collect();
    let count = |status: u16| statuses.iter().filter(|&&answered| answered == status).count();
    assert!((4..100).contains(&count(408)), "{} waited for", count(408));
    assert_eq!(count(408) + count(429), statuses.len(), "{statuses:?}");
}

#[test]
fn silent_connections_cost_nobody_else_anything() {
    raise_file_limit();
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let access = server.login("42").text_of("access_token");
    let verify = get("/verify", &format!("Authorization: Bearer {access}\r\n"));
    let started = Instant::now();
    let _silent: Vec<_> = (0..4_300).map(|_| Wire::to(&server)).collect();
    for _ in 0..5 {
        is_served(&server, &verify, 200);
        is_served(&server, &get("/healthz", ""), 200);
    }
    // A full queue of the kernel lets the last ones in seconds later. On a slow machine the first ones are given up, which
    // makes room for others, before the last ones come.
    wait_until("those beyond the share are closed", SOON, || {
        metric(&server, "hallpass_http_connections_refused_total") > 1_000
    });
    let open = metric(&server, "hallpass_http_connections");
    assert!((2..600).contains(&open), "{open} are open");
    let log = server.log();
    let (told, minutes) = (log.matches("one address has its share"), started.elapsed().as_secs() / 60);
    assert!((1..=1 + minutes).contains(&(told.count() as u64)), "{log}");
}

#[test]
fn when_all_connections_are_taken_the_operator_is_still_answered() {
    raise_file_limit();
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let access = server.login("42").text_of("access_token");
    let verify = get("/verify", &format!("Authorization: Bearer {access}\r\n"));
    let addresses = (0..9).map(|host| Ipv4Addr::new(127, 0, 1, host));
    let mut silent: Vec<_> = addresses
        .flat_map(|host| (0..460).map(move |_| host))
        .map(|host| Wire::from_address(&server, host))
        .collect();
    let (refused, _) = ask(&server, &verify);
    if refused == 503 {
        is_served(&server, &get("/healthz", ""), 200);
        is_served(&server, &get("/metrics", ""), 200);
        assert!(server.log().contains("all connections are taken"));
    } else {
        // On a slow machine the first ones are given up before the last ones are there.
        assert!(silent.iter_mut().next().is_some_and(Wire::is_closed));
    }
    wait_until("the silent ones are given up", SOON, || ask(&server, &verify).0 == 200);
}

#[test]
fn a_connection_that_says_nothing_is_given_up_soon() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    assert!(Wire::to(&server).is_closed());
    let mut begun = Wire::to(&server).send("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Fil");
    assert!(begun.is_closed());
    let mut later = Wire::to(&server).send(&get("/healthz", ""));
    assert_eq!(later.answer().status, 200);
    assert!(later.send("GET /healthz").is_closed(), "nor a later head that stops");
}
