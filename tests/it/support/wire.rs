//! HTTP/1.1 by hand: heads that no client library would send, from any address of the loopback, and answers as they stand
//! on the wire.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddrV4, TcpStream},
};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use serde_json::Value as Json;

use super::{SOON, http_server::Server};

/// A connection to a server.
pub struct Wire(BufReader<TcpStream>);

/// One answer.
#[derive(Debug)]
pub struct WireAnswer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Wire {
    /// Connects to a server.
    pub fn to(server: &Server) -> Self {
        Self::from_address(server, Ipv4Addr::LOCALHOST)
    }

    /// Connects to a server from `source`, an address of the loopback.
    #[track_caller]
    pub fn from_address(server: &Server, source: Ipv4Addr) -> Self {
        let address: SocketAddrV4 = server.address().parse().expect("an address");
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        bind(&socket, &SocketAddrV4::new(source, 0)).expect("an address of the loopback");
        connect(&socket, &address).expect("it listens");
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(SOON)).expect("a timeout");
        Self(BufReader::new(stream))
    }

    /// Sends text.
    pub fn send(mut self, text: &str) -> Self {
        self.try_send(text).expect("it reads");
        self
    }

    /// Sends text to a server that may have closed the connection.
    pub fn try_send(&mut self, text: &str) -> std::io::Result<()> {
        self.0.get_mut().write_all(text.as_bytes())
    }

    /// Reads an answer.
    #[track_caller]
    pub fn answer(&mut self) -> WireAnswer {
        self.try_answer().expect("an answer")
    }

    /// Reads an answer, unless the connection is closed or nothing comes.
    pub fn try_answer(&mut self) -> Option<WireAnswer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            self.0.read_line(&mut head).ok().filter(|&bytes| bytes > 0)?;
        }
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let mut answer = WireAnswer { status, head, body: String::new() };
        let mut body = vec![0; answer.header("content-length").parse().unwrap_or(0)];
        self.0.read_exact(&mut body).ok()?;
        answer.body = String::from_utf8(body).ok()?;
        Some(answer)
    }

    /// Whether the server closes the connection soon.
    pub fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        match self.0.read(&mut byte) {
            Ok(bytes) => bytes == 0,
            // Nothing came until the time was up.
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

impl WireAnswer {
    /// A header's value, empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// Status and OAuth error code, of an answer that must be a well-formed error.
    #[track_caller]
    pub fn error(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        let body: Json = serde_json::from_str(&self.body).expect("JSON");
        assert!(body["error_description"].is_string(), "{self:?}");
        (self.status, body["error"].as_str().expect("a code").to_owned())
    }
}
