//! One integration binary: every test runs against real redis-server and hallpass-server processes of its own.
#![allow(clippy::unwrap_used)]

/// The harness.
mod support;

mod acl;
mod command_docs;
mod concurrency;
mod hostile;
/// AUTH.ISSUE: its options, their limits, its errors.
mod issue;
mod issue_limits;
mod issue_options;
mod jwks;
mod persistence;
mod records;
mod refresh;
mod replication;
mod secrecy;
mod verify;
mod windows;
