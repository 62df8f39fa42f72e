//! Redis Cluster: three primaries, each with a replica.

mod atomic_migration;
mod commands;
mod harness;
mod http;
mod migration;

pub use atomic_migration::start_of_a_move;
