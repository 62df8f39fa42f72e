//! The Redis protocol by hand: for exact reply shapes, hostile bytes, and connections that only receive.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use super::SOON;

/// One reply, as it came over the wire.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Simple(String),
    Error(String),
    Integer(i64),
    Bulk(Vec<u8>),
    Boolean(bool),
    Double(f64),
    Array(Vec<Reply>),
    Map(Vec<(Reply, Reply)>),
    Push(Vec<Reply>),
    Nil,
}

impl Reply {
    /// Returns the text of a string reply.
    pub fn text(&self) -> String {
        match self {
            Self::Simple(text) | Self::Error(text) => text.clone(),
            Self::Bulk(bytes) => String::from_utf8(bytes.clone()).expect("text"),
            other => panic!("not a string: {other:?}"),
        }
    }

    /// Returns the code of an error reply.
    pub fn error_code(&self) -> &str {
        match self {
            Self::Error(line) => line.split(' ').next().unwrap_or_default(),
            other => panic!("not an error: {other:?}"),
        }
    }

    /// Returns the elements of an array reply.
    pub fn items(&self) -> &[Reply] {
        match self {
            Self::Array(items) | Self::Push(items) => items,
            other => panic!("not an array: {other:?}"),
        }
    }

    /// Returns the pairs of a map reply, also of one that RESP2 flattened.
    pub fn pairs(&self) -> Vec<(String, Reply)> {
        match self {
            Self::Map(pairs) => pairs.iter().map(|(k, v)| (k.text(), v.clone())).collect(),
            flat => flat.items().chunks(2).map(|pair| (pair[0].text(), pair[1].clone())).collect(),
        }
    }

    /// Returns the value of `name` in a map reply.
    pub fn member(&self, name: &str) -> Reply {
        let found = self.pairs().into_iter().find(|(key, _)| key == name);
        found.unwrap_or_else(|| panic!("no {name} in {self:?}")).1
    }

    /// Returns whether this, or anything inside it, is an error.
    pub fn has_error(&self) -> bool {
        match self {
            Self::Error(_) => true,
            Self::Array(items) | Self::Push(items) => items.iter().any(Self::has_error),
            _ => false,
        }
    }
}

/// A connection without any client library.
pub struct Raw {
    input: BufReader<UnixStream>,
    output: UnixStream,
}

impl Raw {
    /// Connects to a unix socket.
    pub fn connect(socket: &Path) -> Self {
        let output = UnixStream::connect(socket).expect("redis-server listens");
        output.set_read_timeout(Some(SOON)).expect("a timeout");
        let input = BufReader::new(output.try_clone().expect("a second handle"));
        Self { input, output }
    }

    /// Switches to RESP3.
    pub fn resp3(mut self) -> Self {
        assert!(!self.call(&["HELLO", "3"]).has_error());
        self
    }

    /// Sends a command and reads its reply.
    pub fn call<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Reply {
        self.send(args);
        self.reply()
    }

    /// Sends a command without reading.
    pub fn send<A: AsRef<[u8]>>(&mut self, args: &[A]) {
        let mut bytes = format!("*{}\r\n", args.len()).into_bytes();
        for arg in args {
            let arg = arg.as_ref();
            bytes.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
            bytes.extend_from_slice(arg);
            bytes.extend_from_slice(b"\r\n");
        }
        self.output.write_all(&bytes).expect("redis-server reads");
    }

    /// Reads one reply; panics if none comes in time or the connection is closed.
    pub fn reply(&mut self) -> Reply {
        self.try_reply().expect("a reply")
    }

    /// Reads one reply, unless none comes within `patience`.
    pub fn reply_within(&mut self, patience: Duration) -> Option<Reply> {
        self.output.set_read_timeout(Some(patience)).expect("a timeout");
        let reply = self.try_reply().ok();
        self.output.set_read_timeout(Some(SOON)).expect("a timeout");
        reply
    }

    fn try_reply(&mut self) -> std::io::Result<Reply> {
        let line = self.line()?;
        let (kind, rest) = line.split_at(1);
        Ok(match kind {
            "+" => Reply::Simple(rest.into()),
            "-" => Reply::Error(rest.into()),
            ":" => Reply::Integer(rest.parse().expect("an integer")),
            "#" => Reply::Boolean(rest == "t"),
            "," => Reply::Double(rest.parse().expect("a number")),
            "_" => Reply::Nil,
            "$" | "=" => self.bulk(rest)?,
            "*" | "~" if rest == "-1" => Reply::Nil,
            "*" | "~" => Reply::Array(self.several(rest, 1)?),
            ">" => Reply::Push(self.several(rest, 1)?),
            "%" => {
                let flat = self.several(rest, 2)?;
                let pairs = flat.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone()));
                Reply::Map(pairs.collect())
            }
            _ => panic!("not RESP: {line:?}"),
        })
    }

    /// Converts bytes to text: Redis' own errors repeat the request, which need not be UTF-8.
    fn line(&mut self) -> std::io::Result<String> {
        let mut line = Vec::new();
        if self.input.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches("\r\n").to_owned())
    }

    fn bulk(&mut self, length: &str) -> std::io::Result<Reply> {
        let Ok(length) = length.parse::<usize>() else {
            return Ok(Reply::Nil);
        };
        let mut bytes = vec![0; length + 2];
        self.input.read_exact(&mut bytes)?;
        bytes.truncate(length);
        Ok(Reply::Bulk(bytes))
    }

    fn several(&mut self, count: &str, each: usize) -> std::io::Result<Vec<Reply>> {
        let count: usize = count.parse().expect("a count");
        (0..count * each).map(|_| self.try_reply()).collect()
    }
}
