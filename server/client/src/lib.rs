//! Hallpass for Rust: every `AUTH.*` command, typed, for one Redis server, Sentinel or Cluster.

#![forbid(unsafe_code)]

mod address;
mod cluster;
mod connection;
mod node;
mod rediscovery;
mod reply;
mod sentinel;
mod slots;
mod store;
mod wire;

pub use address::{AddressError, ClusterAddress, RedisAddress, SentinelAddress};
pub use store::{Observer, Store};
pub use wire::{
    Inspected, IssueOptions, ModuleInfo, NodeInfo, Page, Revocation, Session, StoreError, Tokens,
    is_refresh_token,
};
