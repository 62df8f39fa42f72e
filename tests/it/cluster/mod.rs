//! Redis Cluster: three primaries, each with a replica.

mod commands;
mod harness;
mod http;
mod migration;
