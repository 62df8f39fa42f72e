//! Hallpass: `AUTH.*` commands inside Redis.
//!
//! # Layout
//! - `commands`: the table of commands, and a file for each: parse, ask the engine, write, reply.
//! - `user_hash`: the user's sessions in Redis. `tokens`: what a session's tokens are made of and signed by.
//! - `keyring`: the file and the ring in use. `config`: `hallpass.*` settings.
//! - `events`, `stats`, `info`, `epoch`: what operators and clients are told.
//! - `reply`, `format`, `error`: what comes out of every command. `logins`: those of late. `clock`, `entropy`, `sync`: the world around.
//! - `load`: how it begins. `redis`: the edge of Redis, with all `unsafe` code; it imports nothing of ours.
//!
//! The rules themselves are in `hallpass-engine`, which knows nothing of Redis.

mod clock;
mod commands;
mod config;
mod entropy;
mod epoch;
mod error;
mod event_kind;
mod events;
mod format;
mod info;
mod keyring;
mod load;
mod logins;
mod redis;
mod reply;
mod stats;
mod sync;
mod tokens;
mod user_hash;

/// What Redis looks for in the library.
#[allow(missing_docs)] // The macro's functions have none.
mod exports {
    use crate::load::{deinit, init};
    use redis_module::alloc::RedisAlloc;
    use redis_module::redis_module;

    redis_module! {
        name: "hallpass",
        version: 100,
        allocator: (RedisAlloc, RedisAlloc),
        data_types: [],
        init: init,
        deinit: deinit,
        commands: [],
    }
}
