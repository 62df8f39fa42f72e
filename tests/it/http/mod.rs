//! The HTTP server: its routes, its errors, its private Redis, an outage behind it.

mod authorization;
mod console;
mod cookie;
mod cors;
mod embedded;
mod errors;
mod event_stream;
mod floods;
mod introspect;
mod late_redis;
mod limits;
mod local_verification;
mod logs;
mod me;
mod metadata;
mod metrics;
mod network_cut;
mod outage;
pub mod outside_identities;
mod rate_limit;
mod redis_addresses;
mod redis_restart_under_load;
mod revoke;
mod routes;
mod session_cookie;
mod settings;
mod sockets;
pub mod subjects;
mod verify_demands;
mod wire;

use crate::support::{Redis, http_server::ISSUER};

/// Starts a Redis with an issuer and an audience.
pub fn redis() -> Redis {
    redis_with(&[])
}

/// The same with more settings.
pub fn redis_with(settings: &[&str]) -> Redis {
    let issuer = format!("hallpass.issuer {ISSUER}");
    Redis::with(&[&[&*issuer, "hallpass.audience api"], settings].concat())
}
