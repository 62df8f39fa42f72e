//! Calls as requests to hallpass-server.

use std::{
    io::{self, Write},
    net::TcpStream,
};

use base64::prelude::{BASE64_STANDARD, Engine};

use super::{Answer, Socket, Verdict, Wire};
use crate::{
    load_drill::{population::Population, traffic::Call},
    support::http_server::Server,
};

/// Requests over TCP, from a gateway that names each client's address.
pub struct Requests {
    address: String,
    /// The header with the credentials of the application.
    credentials: String,
}

impl Requests {
    /// Sends requests to this server.
    pub fn to(server: &Server) -> Self {
        let pair = BASE64_STANDARD.encode(format!("local:{}", server.secret()));
        Self { address: server.address().to_owned(), credentials: format!("Authorization: Basic {pair}\r\n") }
    }
}

impl Wire for Requests {
    fn open(&self) -> io::Result<Box<dyn Socket>> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }

    fn shape(&self) -> (usize, usize) {
        (2048, 1)
    }

    fn says_503(&self) -> bool {
        true
    }

    fn write(&self, call: Call, population: &mut Population, out: &mut Vec<u8>) {
        match call {
            Call::Verify(index) => {
                let session = population.session(index);
                let bearer = format!("Authorization: Bearer {}\r\n", session.access);
                request(out, "GET /verify", session.user, &bearer, None);
            }
            Call::Refresh(index) => {
                let session = population.session(index);
                let form = format!("grant_type=refresh_token&refresh_token={}", session.refresh);
                request(out, "POST /token", session.user, "", Some((FORM, &form)));
            }
            Call::Issue(user) => {
                let json = format!(r#"{{"subject":"{user:08}"}}"#);
                request(out, "POST /sessions", user, &self.credentials, Some(("application/json", &json)));
            }
            Call::Revoke => {
                let session = population.leaving();
                let form = format!("token={}", session.refresh);
                request(out, "POST /revoke", session.user, "", Some((FORM, &form)));
            }
        }
    }

    fn answer<'a>(&self, input: &'a [u8]) -> Option<Answer<'a>> {
        let end = input.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&input[..end]).expect("a head in ASCII");
        let length = header(head, "content-length").map_or(0, |value| value.parse().expect("a length"));
        let len = end + 4 + length;
        let body = input.get(end + 4..len)?;
        let verdict = match head.get(9..12) {
            Some("200" | "201") => Verdict::Done(body),
            Some("503") => Verdict::Again,
            _ => Verdict::Refused(head.lines().next().unwrap_or_default()),
        };
        Some(Answer { len, closes: header(head, "connection") == Some("close"), verdict })
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Appends a request with an optional body, which comes with its type.
fn request(out: &mut Vec<u8>, start: &str, user: u32, headers: &str, body: Option<(&str, &str)>) {
    let [_, a, b, c] = user.to_be_bytes();
    write!(out, "{start} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.{a}.{b}.{c}\r\n{headers}")
        .expect("memory");
    if let Some((kind, body)) = body {
        write!(out, "Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).expect("memory");
    } else {
        out.extend_from_slice(b"\r\n");
    }
}

/// Returns the value of a header, whose name is given in lower case.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find_map(|(header, value)| header.eq_ignore_ascii_case(name).then_some(value))
}
