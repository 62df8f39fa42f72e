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

pub use address::{Address, AddressError, ClusterAddress, SentinelAddress};
pub use store::{Hallpass, Observer};
pub use wire::{
    CommandError, Inspected, IssueOptions, ModuleInfo, NodeInfo, Page, Revocation, Session, Tokens,
    is_refresh_token,
};
