//! One integration binary: every test runs against real redis-server and hallpass-server processes of its own.
#![allow(clippy::unwrap_used)]

/// The harness.
mod support;

mod acl;
mod algorithm_attacks;
mod command_docs;
mod concurrency;
mod config;
mod embedded;
mod encoding_attacks;
mod events;
mod harness;
mod hostile;
mod http;
mod http_errors;
mod info;
/// AUTH.ISSUE: its options, their limits, its errors.
mod issue;
mod issue_limits;
mod issue_options;
mod jwks;
mod keys_cli;
mod load;
mod outage;
mod pause_oom;
mod persistence;
mod readme;
mod records;
mod refresh;
mod replication;
mod secrecy;
mod transactions;
mod verify;
mod windows;
