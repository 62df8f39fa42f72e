//! One client of the HTTP server that sends requests to every route: good ones, broken ones, ones with forged tokens.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{bystanders::Bystanders, random::Random};
use crate::support::{SOON, http_server::Server};

/// The time to wait for the answer to a cut request, which comes only when the server gives up.
const PATIENCE: Duration = Duration::from_millis(100);

/// The attacker.
pub struct HttpAttacker<'a> {
    server: &'a Server,
    bystanders: &'a Bystanders,
    random: Random,
    requests: Vec<Vec<u8>>,
}

impl<'a> HttpAttacker<'a> {
    /// Creates an attacker with the tokens of a login of its own.
    pub fn new(server: &'a Server, bystanders: &'a Bystanders, seed: u64, number: u64) -> Self {
        let login = server.login(&format!("prey-{number}"));
        let requests =
            requests(server.secret(), &login.text_of("access_token"), &login.text_of("refresh_token"));
        Self { server, bystanders, random: Random::new(seed, 100 + number), requests }
    }

    /// Sends one request, and checks the answer.
    pub fn step(&mut self) {
        let request = self.random.pick(&self.requests).clone();
        match self.random.below(5) {
            0 => self.forge(),
            1 => assert_ne!(self.answer(&request, SOON), "", "no answer to {}", request.escape_ascii()),
            _ => {
                let broken = self.random.mutated(&request);
                self.answer(&broken, PATIENCE);
            }
        }
    }

    fn forge(&mut self) {
        let token = self.bystanders.nobodys_access(&mut self.random);
        let head = b"GET /verify HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ";
        let request = [head, &token[..], b"\r\n\r\n"].concat();
        let answer = self.answer(&request, PATIENCE);
        assert!(!answer.contains("HTTP/1.1 200"), "{}: {answer}", request.escape_ascii());
    }

    /// Returns the answer, which must be HTTP and not an internal error.
    fn answer(&self, request: &[u8], patience: Duration) -> String {
        let mut stream = TcpStream::connect(self.server.address()).expect("it listens");
        stream.set_read_timeout(Some(patience)).expect("a timeout");
        // The server may hang up before everything is sent, or while its answer is read.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let is_sound = answer.starts_with("HTTP/1.") && !answer.contains("HTTP/1.1 500");
        assert!(answer.is_empty() || is_sound, "{}: {answer}", request.escape_ascii());
        answer
    }
}

/// Returns a request to each route, most of them with credentials.
fn requests(secret: &str, access: &str, refresh: &str) -> Vec<Vec<u8>> {
    let basic = format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("local:{secret}")));
    let bearer = format!("Authorization: Bearer {access}\r\n");
    let cookie = format!("X-Hallpass: 1\r\nCookie: __Host-hallpass={refresh}\r\n");
    let issue = r#"{"subject":"prey-9","claims":{"scope":"a"},"class":"phone","limit":5,"cookie":true}"#;
    let exchange = format!("grant_type=refresh_token&refresh_token={refresh}&access_token={access}");
    let form = "application/x-www-form-urlencoded";
    [
        request("POST /sessions", &basic, "application/json", issue),
        request("GET /subjects/prey-9/sessions?offset=0&count=5", &basic, "", ""),
        request("PUT /subjects/prey-9/claims", &basic, "application/json", r#"{"scope":"b"}"#),
        request("DELETE /subjects/prey-9/sessions", &basic, "", ""),
        request("POST /introspect", &basic, form, &format!("token={access}")),
        request("POST /token", "", form, &exchange),
        request("POST /token", &cookie, "", ""),
        request("POST /revoke", "", form, &format!("token={refresh}x")),
        request("GET /verify/a/b?audience=x", &bearer, "", ""),
        request("GET /me/sessions", &bearer, "", ""),
        request("DELETE /me/sessions?except=current", &bearer, "", ""),
        request("OPTIONS /token", "Origin: https://a.example\r\n", "", ""),
        request("GET /.well-known/jwks.json", "", "", ""),
        request("HEAD /metrics", "", "", ""),
        request("GET /openapi.json", "", "", ""),
    ]
    .into()
}

fn request(line: &str, headers: &str, content_type: &str, body: &str) -> Vec<u8> {
    let about_body = match content_type {
        "" => String::new(),
        kind => format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len()),
    };
    format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}{about_body}\r\n{body}").into()
}
