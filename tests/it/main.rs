//! One integration binary: every test runs against real redis-server and hallpass-server processes of its own.
#![allow(clippy::unwrap_used)]

/// The harness.
mod support;

/// AUTH.ISSUE: its options, their limits, its errors.
mod issue;
mod issue_limits;
mod issue_options;
mod jwks;
mod refresh;
mod verify;
mod windows;
