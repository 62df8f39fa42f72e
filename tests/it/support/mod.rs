//! The foundation of the tests: processes that end with their guard, clients, keys, and waits with a name and a
//! deadline.

pub mod aof;
#[cfg(feature = "tools")]
pub mod application;
#[cfg(feature = "tools")]
pub mod authority;
pub mod build;
pub mod c_library;
pub mod client;
pub mod clock;
pub mod cluster;
pub mod event_stream;
#[cfg(feature = "tools")]
pub mod gateway;
pub mod holders;
pub mod http;
pub mod http_server;
pub mod jwt;
pub mod keyring;
pub mod network;
#[cfg(feature = "tools")]
pub mod oauth_server;
pub mod on_drop;
pub mod outside_issuer;
pub mod ports;
pub mod process;
pub mod raw;
pub mod redis_server;
pub mod sentinel;
pub mod target;
pub mod target_session;
pub mod tokens;
#[cfg(feature = "tools")]
pub mod tools;
pub mod wait;
pub mod wire;

pub use client::{Answer, AuthCommands, ClusterCon, Con, refused};
pub use cluster::Cluster;
pub use keyring::{Key, Keyring};
pub use on_drop::OnDrop;
pub use raw::{Raw, Reply};
pub use redis_server::Redis;
pub use sentinel::Sentinels;
pub use tokens::Tokens;
pub use wait::{SOON, wait_for, wait_until};
