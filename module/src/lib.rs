//! Hallpass: `AUTH.*` commands inside Redis.
//!
//! # Layout
//! - [`commands`]: one file per command: parse, ask the engine, write, reply. [`spec`]: their documentation as data.
//! - [`args`], [`reply`], [`error`]: what goes in and what comes out of every command.
//! - [`store`], [`survey`]: the user's hash. [`limits`]: how many sessions it may hold. [`minting`], [`signing`]: a session's tokens.
//! - [`keyring`]: the file and the ring in use. [`config`]: `hallpass.*` settings.
//! - [`receipts`], [`verified`]: what this process remembers of access tokens. [`entropy`]: random bytes.
//! - [`events`], [`info`], [`log`]: what operators see.
//! - [`load`], [`dispatch`], [`settings`], [`command_info`]: how Redis' calls get to the rest.
//! - [`ffi`]: the edge of Redis, with the only `unsafe` code.
//!
//! The rules themselves are in `hallpass-engine`, which knows nothing of Redis.

mod args;
mod command_info;
mod commands;
mod config;
mod dispatch;
mod entropy;
mod error;
mod events;
mod ffi;
mod info;
mod keyring;
mod limits;
mod load;
mod log;
mod minting;
mod receipts;
mod reply;
mod settings;
mod signing;
mod spec;
mod store;
mod survey;
mod verified;
