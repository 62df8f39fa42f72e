//! Redis Cluster: three primaries, each with a replica.

mod harness;
mod http;
