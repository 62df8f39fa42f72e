//! One integration binary: every test runs against real redis-server and hallpass-server processes of its own.
#![allow(clippy::unwrap_used)]

// The harness, and its promises about processes and files.
mod harness;
mod support;

mod attacks;
mod commands;
mod documents;
mod http;
mod promises;
mod redis_side;
// The client as a library of another program.
mod rust_client;
#[cfg(feature = "tools")]
mod tools;
