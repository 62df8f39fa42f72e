//! Servers outside of the project, as child processes that print their address on the first line. Those on Node.js end
//! with their standard input, since the started process may only be a wrapper around node.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value as Json;

use crate::support::process::Process;

/// A running server.
pub struct Child {
    _process: Process,
    /// `host:port`
    pub address: String,
    /// The refresh tokens that it has issued.
    pub tokens: Vec<String>,
}

impl Child {
    /// Starts it and waits for its line.
    pub fn start(mut command: Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = Process::new(child.expect("it starts"));
        let mut line = String::new();
        let output = process.child().stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("its first line");
        let said: Json = serde_json::from_str(&line).expect("JSON with its port");
        let tokens = said["tokens"].as_array().expect("tokens").iter();
        let tokens = tokens.map(|token| token.as_str().expect("a token").to_owned()).collect();
        Self { _process: process, address: format!("127.0.0.1:{}", said["port"]), tokens }
    }
}

/// Returns Node.js of the test tools.
pub fn node() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-tools/bin/node")
}

/// Returns the command for a script of `tests/bench/node`, in front of the Redis behind `socket`, with this many
/// sessions.
pub fn script(name: &str, socket: &Path, sessions: usize) -> Command {
    let node = node();
    assert!(node.exists(), "Node.js is missing: `make bench` installs it");
    let mut command = Command::new(node);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/node").join(name));
    command.arg(socket).arg(sessions.to_string()).env("NODE_ENV", "production");
    command
}
