//! The routes, one handler per file. Each turns a request into exactly one command, and the reply into a response; only
//! `me` sends two commands. [`token_response`] and [`session_list`] are responses that two routes share.

pub mod console;
pub mod events;
pub mod health;
pub mod inspect;
pub mod introspect;
pub mod jwks;
pub mod keys;
pub mod me;
pub mod metadata;
pub mod metrics;
pub mod openapi;
pub mod revoke;
mod session_list;
pub mod sessions;
pub mod subjects;
pub mod token;
pub mod token_exchange;
mod token_response;
pub mod verify;
mod verify_cookie;
