//! The routes, one handler per file. Each turns a request into exactly one command, and its answer into a response;
//! `me` alone asks twice. [`token_response`] and [`session_list`] are what two routes each answer with.

pub mod health;
pub mod introspect;
pub mod jwks;
pub mod me;
pub mod metadata;
pub mod metrics;
pub mod openapi;
pub mod revoke;
mod session_list;
pub mod sessions;
pub mod subjects;
pub mod token;
mod token_response;
pub mod verify;
