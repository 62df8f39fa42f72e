//! What HTTP/1.1 itself asks for (RFC 9112): whose request it is must be beyond doubt, and a connection that cannot be
//! used again says so.

use crate::{
    http::redis,
    support::{Redis, http_server::Server, wire::Wire},
};

fn site() -> (Redis, Server) {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    (redis, server)
}

/// The status of the answer to this head.
fn status(server: &Server, head: &str) -> u16 {
    Wire::to(server).send(head).answer().status
}

#[test]
fn a_request_needs_exactly_one_valid_host() {
    let (_redis, server) = site();
    let get = |hosts: &str| status(&server, &format!("GET /healthz HTTP/1.1\r\n{hosts}\r\n"));
    for hosts in ["Host: a\r\n", "Host: [::1]:80\r\n", "host:127.0.0.1:8080\r\n"] {
        assert_eq!(get(hosts), 200, "{hosts}");
    }
    for hosts in
        ["", "Host: a\r\nHost: a\r\n", "Host: a b\r\n", "Host: a/b\r\n", "Host: u@a\r\n", "Host:\r\n"]
    {
        assert_eq!(get(hosts), 400, "{hosts}");
    }
    let answer = Wire::to(&server).send("GET /healthz HTTP/1.1\r\n\r\n").answer();
    assert_eq!(answer.error(), (400, "invalid_request".into()));
    assert_eq!(status(&server, "GET /healthz HTTP/1.0\r\n\r\n"), 200, "HTTP/1.0 has no Host");
}

#[test]
fn only_chunked_is_understood_as_a_transfer_encoding() {
    let (_redis, server) = site();
    let post = |coding: &str| {
        let head = format!(
            "POST /revoke HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Transfer-Encoding: {coding}\r\n\r\n7\r\ntoken=x\r\n0\r\n\r\n"
        );
        Wire::to(&server).send(&head).answer()
    };
    assert_eq!(post("chunked").status, 200);
    assert_eq!(post("Chunked").status, 200);
    for coding in ["gzip, chunked", "identity, chunked", "x\r\nTransfer-Encoding: chunked"] {
        let answer = post(coding);
        assert_eq!(answer.error(), (501, "invalid_request".into()), "{coding}");
    }
}

#[test]
fn who_is_refused_before_the_body_came_is_told_that_the_connection_ends() {
    let (_redis, server) = site();
    let head = |method: &str, path: &str, more: &str| {
        format!("{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n{more}\r\n")
    };
    let basic = "Authorization: Basic bG9jYWw6d3Jvbmc=\r\n";
    for (status, head) in [
        (404, head("POST", "/nowhere", "")),
        (405, head("PUT", "/token", "")),
        (401, head("POST", "/sessions", "")),
        (401, head("POST", "/token", basic)),
        (400, head("POST", "/token", "Content-Type: text/plain\r\n")),
        (401, head("POST", "/verify", "")),
        (401, head("POST", "/sessions", "Expect: 100-continue\r\n")),
    ] {
        let mut wire = Wire::to(&server).send(&head);
        let answer = wire.answer();
        assert_eq!((answer.status, answer.header("connection")), (status, "close"), "{head}");
        assert!(wire.is_closed(), "{head}");
    }
}

#[test]
fn a_body_that_is_too_large_does_not_take_its_own_refusal_away() {
    let (_redis, server) = site();
    let body = "x".repeat(2 << 20);
    let head = format!(
        "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut wire = Wire::to(&server).send(&head);
    // The server reads on for a second, which a busy machine may need for something else.
    let _ = wire.try_send(&body);
    let answer = wire.answer();
    assert_eq!(answer.error(), (413, "invalid_request".into()));
    assert_eq!(answer.header("connection"), "close");
}

#[test]
fn a_connection_is_kept_after_a_refusal_whose_body_is_there() {
    let (_redis, server) = site();
    for (status, line) in [(404, "POST /nowhere"), (405, "PUT /token"), (401, "POST /verify")] {
        let request = format!("{line} HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\ntoken=x");
        let mut wire = Wire::to(&server);
        for _ in 0..2 {
            wire = wire.send(&request);
            let answer = wire.answer();
            assert_eq!((answer.status, answer.header("connection")), (status, ""), "{line}");
        }
    }
}

#[test]
fn every_answer_says_that_it_is_what_it_is() {
    let (_redis, server) = site();
    for path in
        ["/healthz", "/verify", "/nowhere", "/docs", "/openapi.json", "/metrics", "/.well-known/jwks.json"]
    {
        assert_eq!(server.get(path).header("x-content-type-options"), "nosniff", "{path}");
    }
}
