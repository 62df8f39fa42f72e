//! What is around the routes.

pub mod cors;
pub mod in_flight;
pub mod rate_limit;
pub mod source;
pub mod trace;
