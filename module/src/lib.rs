//! Hallpass: `AUTH.*` commands inside Redis.
//!
//! # Layout
//! - `commands`: the table of commands, and a file for each: parse, ask the engine, write, reply.
//! - `user_hash`: the user's sessions in Redis. `tokens`: builds, signs and remembers a session's tokens.
//! - `keyring`: the file and the ring in use. `config`: `hallpass.*` settings.
//! - `events`, `stats`, `estimates`, `info`, `epoch`: information for operators and clients.
//! - `reply`, `format`, `error`: the replies of commands. `logins`: the latest logins. `clock`, `entropy`, `sync`: time,
//!   random bytes and locks.
//! - `load`: loading the module. `redis`: the edge of Redis, with all `unsafe` code; it imports nothing of ours.
//!
//! The rules themselves are in `hallpass-engine`, which knows nothing of Redis.

mod clock;
mod commands;
mod config;
mod entropy;
mod epoch;
mod error;
mod estimates;
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

/// The functions that Redis looks for in the library.
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
