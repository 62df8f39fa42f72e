//! A reader of `GET /events`: an event stream over a connection of its own.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value as Json;

use super::{SOON, http_server::Server};

/// A message of the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// `message`, or the name that it has.
    pub event: String,
    /// Its id.
    pub id: String,
    /// Its data.
    pub data: Json,
}

/// An open stream.
pub struct EventStream {
    reader: BufReader<TcpStream>,
    /// The status of the response.
    pub status: u16,
    /// Its headers, in lower case.
    pub headers: Vec<String>,
}

impl EventStream {
    /// Opens a stream as `local`, behind a message or from the beginning.
    #[track_caller]
    pub fn open(server: &Server, last_id: Option<&str>) -> Self {
        let stream = TcpStream::connect(server.address()).expect("it listens");
        stream.set_read_timeout(Some(SOON)).expect("a timeout");
        let last_id = last_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let credentials = BASE64_STANDARD.encode(format!("local:{}", server.secret()));
        let head =
            format!("GET /events HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {credentials}\r\n{last_id}\r\n");
        (&stream).write_all(head.as_bytes()).expect("it reads");
        let mut reader = BufReader::new(stream);
        let mut lines = vec![];
        loop {
            let mut line = String::new();
            assert!(reader.read_line(&mut line).expect("a head") > 0, "the connection ended");
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_ascii_lowercase()),
            }
        }
        let status = lines.remove(0).split(' ').nth(1).and_then(|status| status.parse().ok());
        Self { reader, status: status.expect("a status"), headers: lines }
    }

    /// Returns the next message, or `None` at the end of the stream.
    #[track_caller]
    pub fn next(&mut self) -> Option<Message> {
        let mut message = Message { event: "message".into(), id: String::new(), data: Json::Null };
        loop {
            let mut line = String::new();
            let length = self.reader.read_line(&mut line).expect("a message in time");
            // The last chunk is empty.
            if length == 0 || line.trim_end() == "0" {
                return None;
            }
            // The id comes last; the sizes of chunks and empty lines say nothing.
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => message.event = name.to_owned(),
                Some(("data", data)) => message.data = serde_json::from_str(data).expect("JSON"),
                Some(("id", id)) => return Some(Message { id: id.to_owned(), ..message }),
                _ => {}
            }
        }
    }

    /// Asserts that the next messages are about these users, in this order.
    #[track_caller]
    pub fn tells_of(&mut self, users: &[&str]) -> Vec<Message> {
        let messages: Vec<_> = users.iter().map(|_| self.next().expect("a message")).collect();
        let told: Vec<_> =
            messages.iter().map(|message| message.data["sub"].as_str().unwrap_or("-")).collect();
        assert_eq!(told, users);
        messages
    }

    /// Waits for a message longer than usual.
    pub fn patient(self, patience: Duration) -> Self {
        self.reader.get_ref().set_read_timeout(Some(patience)).expect("a timeout");
        self
    }
}
