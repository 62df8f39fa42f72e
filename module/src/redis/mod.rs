//! The edge of Redis: everything that calls Redis or is called by it, with all `unsafe` code of the module.
//!
//! Two rules hold here: no panic crosses into Redis, and nothing that Redis lends is kept longer than the call. This
//! folder knows no command, no setting and no reply of ours: callbacks are handed to it.
//!
//! - [`command`]: registers commands with their documentation. [`args`]: their arguments. [`reply`]: answers.
//! - [`key`]: the open hash. [`keyspace`]: a pass through all keys. [`effects`]: changes for replicas and watchers.
//!   [`blocked`]: clients that wait.
//! - [`config`]: settings. [`info`]: the section of INFO. [`log`]: the server's log. [`module`]: the module's options.

#![allow(unsafe_code)]

pub mod args;
pub mod blocked;
pub mod command;
mod command_docs;
pub mod config;
pub mod database;
pub mod effects;
pub mod guard;
pub mod info;
pub mod key;
pub mod keyspace;
pub mod log;
pub mod module;
pub mod reply;
pub mod spec;
