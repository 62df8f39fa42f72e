//! The load on HTTP servers: closed-loop connections that are kept alive, served in turn by one thread, like the load
//! on Redis. The next request may depend on the last answer, as for a refresh.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::stats;

/// The number of connections.
pub const CONNECTIONS: usize = 32;

/// The result of a load.
#[derive(Clone, Copy)]
pub struct Turn {
    /// Answers per second.
    pub rate: f64,
    /// Median of the time until an answer, in microseconds.
    pub p50: f64,
    /// 99th percentile of it.
    pub p99: f64,
}

/// Makes the next request of a connection from the body of the last answer, empty at first.
pub type Next<'a> = Box<dyn FnMut(&[u8]) -> Vec<u8> + 'a>;

/// One closed loop.
struct Connection<'a> {
    stream: TcpStream,
    next: Next<'a>,
    sent: Instant,
    input: Vec<u8>,
}

/// Puts the load on the server at `address` for this long; `next` builds the requests of each connection.
pub fn run<'a>(address: &str, span: Duration, next: impl Fn(usize) -> Next<'a>) -> Turn {
    let mut connections: Vec<Connection<'_>> =
        (0..CONNECTIONS).map(|index| Connection::open(address, next(index))).collect();
    let (began, mut samples) = (Instant::now(), vec![]);
    connections.iter_mut().for_each(|connection| connection.send(&[]));
    while began.elapsed() < span {
        for connection in &mut connections {
            let body = connection.receive();
            samples.push(connection.sent.elapsed().as_secs_f64() * 1e6);
            connection.send(&body);
        }
    }
    let rate = samples.len() as f64 / began.elapsed().as_secs_f64();
    for connection in &mut connections {
        // The next turn continues from the last answer.
        let body = connection.receive();
        (connection.next)(&body);
    }
    Turn { rate, p50: stats::quantile(&samples, 0.5), p99: stats::quantile(&samples, 0.99) }
}

impl<'a> Connection<'a> {
    fn open(address: &str, next: Next<'a>) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        Self { stream, next, sent: Instant::now(), input: vec![0; 1 << 14] }
    }

    fn send(&mut self, last: &[u8]) {
        let request = (self.next)(last);
        self.sent = Instant::now();
        self.stream.write_all(&request).expect("the server reads");
    }

    /// Returns the body of the next answer, which must be a success.
    fn receive(&mut self) -> Vec<u8> {
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.input[filled..]).expect("the server answers");
            assert!(read > 0, "the server closed the connection");
            filled += read;
            if let Some(body) = body(&self.input[..filled]) {
                return body.to_vec();
            }
        }
    }
}

/// Returns the body of an answer, once it is complete.
fn body(answer: &[u8]) -> Option<&[u8]> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).expect("a head in ASCII");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let body = &answer[end + 4..];
    (body.len() >= content_length(head)).then_some(body)
}

fn content_length(head: &str) -> usize {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let length = lines.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.map_or(0, |(_, value)| value.parse().expect("a length"))
}
