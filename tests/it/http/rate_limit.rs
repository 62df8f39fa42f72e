//! Rate limits per address: nobody pays for another's mistakes.

use std::{cell::Cell, time::Instant};

use serde_json::json;

use crate::{
    http::redis,
    support::*,
    support::{
        http::{HttpAnswer, HttpRequest},
        http_server::{Server, add_client, clients_file, directory},
    },
};

/// Asks until the answer is 429; panics if it never is.
#[track_caller]
fn limited(what: &str, ask: impl Fn() -> HttpAnswer) -> HttpAnswer {
    let found = (0..50).map(|_| ask()).find(|answer| answer.status == 429);
    found.unwrap_or_else(|| panic!("{what} is not limited"))
}

/// Returns whether none of many calls is limited.
fn is_free(ask: impl Fn() -> HttpAnswer) -> bool {
    (0..30).all(|_| ask().status != 429)
}

fn bad_token(server: &Server) -> HttpRequest {
    let form = [("grant_type", "refresh_token"), ("refresh_token", "hp1.nonsense")];
    server.request("POST", "/token").form(&form)
}

#[test]
fn the_default_allows_a_burst_of_200() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let started = Instant::now();
    let allowed = (0..2000).take_while(|_| bad_token(&server).send().status == 400).count();
    let refilled = 50 * started.elapsed().as_millis() / 1000;
    assert!(allowed >= 200 && (allowed as u128) <= 201 + refilled, "{allowed}, {refilled} of them refilled");
}

#[test]
fn too_many_calls_are_told_to_come_back() {
    let redis = redis();
    let server = Server::before(&redis, &["--rate-limit", "1"]);
    let answer = limited("/token", || bad_token(&server).send());
    assert_eq!(answer.error(), (429, "rate_limited".into()));
    assert_eq!(answer.header("retry-after"), "1");
    wait_until("a call later", SOON, || bad_token(&server).send().status == 400);
}

#[test]
fn revoking_is_limited_by_itself() {
    let redis = redis();
    let server = Server::before(&redis, &["--rate-limit", "1"]);
    let revoke = || server.request("POST", "/revoke").form(&[("token", "hp1.nonsense")]).send();
    limited("/token", || bad_token(&server).send());
    assert_eq!(revoke().status, 200, "logging out goes on");
    let answer = limited("/revoke", revoke);
    assert_eq!(answer.error(), (429, "rate_limited".into()));
    assert!(answer.header("retry-after").parse::<u64>().is_ok());
}

#[test]
fn verify_and_what_clients_do_rightly_are_not_limited() {
    let redis = redis();
    let server = Server::before(&redis, &["--rate-limit", "1"]);
    limited("/token", || bad_token(&server).send());
    let access = server.login("42").text_of("access_token");
    assert!(is_free(|| server.verify(&access)));
    assert!(is_free(|| server.verify("x.y.z")));
    assert!(is_free(|| server.sessions(&json!({"subject": "42"}))));
    assert!(is_free(|| server.get("/.well-known/jwks.json")));
    assert!(is_free(|| server.get("/healthz")));
}

#[test]
fn failed_authentication_is_limited_and_right_credentials_are_not() {
    let redis = redis();
    let dir = directory();
    let web = add_client(dir.path(), "web", &["--scope", "issue", "--confidential"]);
    let clients = clients_file(dir.path());
    let flags = ["--rate-limit", "1", "--clients-file", clients.to_str().unwrap()];
    let server = Server::before(&redis, &flags);
    let issue = |secret: &str| {
        server.request("POST", "/sessions").basic("web", secret).json(&json!({"subject": "42"})).send()
    };
    let answer = limited("POST /sessions", || issue("wrong"));
    assert_eq!(answer.error(), (429, "rate_limited".into()));
    assert!(answer.has_header("retry-after"));
    assert!(is_free(|| issue(&web)));

    let refresh = issue(&web).text_of("refresh_token");
    let token = |secret: &str| {
        let client = [("client_id", "web"), ("client_secret", secret)];
        server.token(&refresh, &client)
    };
    limited("/token with wrong credentials", || token("wrong"));
    assert_eq!(token(&web).status, 200, "right credentials never wait for failed ones");
    limited("/token", || bad_token(&server).send());
    wait_until("nor for strangers", SOON, || token(&web).status == 200);
}

#[test]
fn zero_is_no_limit() {
    let redis = redis();
    let server = Server::before(&redis, &["--rate-limit", "0"]);
    assert!((0..300).all(|_| bad_token(&server).send().status == 400));
}

#[test]
fn a_trusted_proxy_tells_addresses_apart() {
    let redis = redis();
    let server = Server::before(&redis, &["--rate-limit", "1", "--trusted-proxy", "127.0.0.0/8"]);
    let from = |forwarded: &str| bad_token(&server).header("x-forwarded-for", forwarded).send();
    limited("the first", || from("192.0.2.1"));
    assert_eq!(from("192.0.2.2").status, 400, "another one is not");
    limited("whatever it claims", || from("203.0.113.7, 192.0.2.3"));
    assert_eq!(from("203.0.113.7").status, 400, "the one it named has called once");
    let host = Cell::new(0);
    limited("one IPv6 network", || {
        host.set(host.get() + 1);
        from(&format!("2001:db8::{}", host.get()))
    });
    assert_eq!(from("2001:db8:0:1::1").status, 400);
}

#[test]
fn an_untrusted_peer_cannot_choose_its_address() {
    let redis = redis();
    for flags in [&["--rate-limit", "1"][..], &["--rate-limit", "1", "--trusted-proxy", "10.0.0.0/8"]] {
        let server = Server::before(&redis, flags);
        let number = Cell::new(0);
        limited("a peer with made-up addresses", || {
            number.set(number.get() + 1);
            let made_up = format!("192.0.2.{}", number.get());
            bad_token(&server).header("x-forwarded-for", &made_up).send()
        });
    }
}
