//! The routes, one handler per file. Each turns a request into exactly one command, and its answer into a response;
//! `me` alone asks twice.

pub mod health;
pub mod introspect;
pub mod jwks;
pub mod me;
pub mod metadata;
pub mod metrics;
pub mod openapi;
pub mod revoke;
pub mod sessions;
pub mod subjects;
pub mod token;
pub mod verify;
