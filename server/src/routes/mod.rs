//! The routes, one handler per file. Each turns a request into exactly one command, and its answer into a response.

pub mod health;
pub mod jwks;
pub mod metrics;
pub mod sessions;
pub mod token;
pub mod verify;
