//! An application behind a gateway: answers every request with the head of that request, as it arrived.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// A listening application; its thread ends with the process.
pub struct Application {
    address: String,
    calls: Arc<AtomicUsize>,
}

impl Application {
    /// Listens on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        thread::spawn(move || {
            for stream in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                // One call at a time; a gateway that goes away does not fail the test.
                stream.and_then(answer).ok();
            }
        });
        Self { address, calls }
    }

    /// Returns `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns how many calls came through.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// Answers with the head, an empty line, and the body of the request, and with the `Cache-Control` that the request's
/// `X-Answer-Cache-Control` demands.
fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut echo = String::new();
    while reader.read_line(&mut echo)? > 2 {}
    let mut body = vec![0; header(&echo, "content-length").map_or(0, |length| length.parse().unwrap_or(0))];
    reader.read_exact(&mut body)?;
    echo.push_str(&String::from_utf8_lossy(&body));
    let cache_control =
        header(&echo, "x-answer-cache-control").map(|value| format!("Cache-Control: {value}\r\n"));
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n",
        echo.len(),
        cache_control.unwrap_or_default()
    );
    stream.write_all(&[head.as_bytes(), echo.as_bytes()].concat())
}

/// Returns the value of a header in the text of a request; the name's case does not matter.
pub fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let lines = request.lines().take_while(|line| !line.is_empty());
    let mut pairs = lines.filter_map(|line| line.split_once(':'));
    pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
