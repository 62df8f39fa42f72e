//! Hallpass for Rust: verifies access tokens, refreshes sessions and ends them, with one `AUTH.*` command per call to a
//! Redis that has the Hallpass module.
//!
//! ```no_run
//! use hallpass_client::{Address, CommandError, Hallpass, RefreshOptions, Verifier, VerifyCache};
//! use std::sync::Arc;
//!
//! # async fn example(access_token: &str, refresh_token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let hallpass = Hallpass::new(&Address::parse("redis://127.0.0.1:6379")?)?;
//! let hallpass = Arc::new(hallpass.with_verify_cache(VerifyCache::default()));
//! let keys = hallpass.module_info().await?.subject_keys().ok_or("not a key pattern")?;
//! let verifier = Verifier::new(Arc::clone(&hallpass));
//!
//! // With every request: who is it, and what may they do? Redis is asked the first time.
//! let claims = verifier.verify(&keys, access_token, None).await?;
//!
//! // When the access token has expired: the next pair.
//! let key = keys.of_token(refresh_token).ok_or(CommandError::InvalidToken)?;
//! let tokens = hallpass.refresh(&key, refresh_token, &RefreshOptions::default()).await?;
//! println!("{claims}, and then {} for {} s", tokens.access_token, tokens.expires_in);
//! # Ok(())
//! # }
//! ```
//!
//! Everything about a user lies under one Redis key, which [`SubjectKeys`] finds from a subject or a token. One
//! [`Hallpass`] serves all tasks of a program: it keeps one connection per node, over which all commands go at once, and
//! a few more where tokens are signed with RSA.
//!
//! # Outages
//! A command fails with [`CommandError::Unavailable`] when Redis does not answer it within three seconds; the next one
//! that finds Redis again succeeds. That error says nothing about any token: ask again, and end no session because of
//! it. Behind Sentinel and in a cluster a failover is followed.
//!
//! A command is sent again only if it was certainly not carried out. `AUTH.REFRESH` alone is repeated when its answer
//! got lost, since the module answers a repetition like the first call; an `AUTH.ISSUE` with a session id may be, too.
//!
//! # Local verification
//! A [`Verifier`] asks about each token once, and keeps the answer until Redis says that the user's sessions have changed:
//! a connection that asks also listens (`CLIENT TRACKING`). A revocation counts within milliseconds, whoever made it and
//! by whatever command. It counts
//! - within one second where the network swallows packets, or where the keyring, a setting or the node in charge changes:
//!   heartbeats tell;
//! - within 60 seconds in any case, and never beyond the token's expiry: then the token is asked about again.
//!
//! A primary that is cut off from those that took over is believed for as long as it answers, as it is without this. A
//! Redis user needs `+role +time +info +client|tracking +client|trackinginfo` for it, and in a cluster
//! `+cluster|slots +cluster|info`. Where Redis, or a proxy before it, refuses, there is one warning in the log, and every
//! token is asked about.
//!
//! # Layout
//! - [`Address`]: one server, the Sentinels of one, or a cluster. [`Security`]: a password and certificates from elsewhere.
//! - [`Hallpass`]: a method per command. `commands/` has one file for each, with its options and its reply.
//! - [`SubjectKeys`]: Redis keys of subjects and tokens. [`ModuleInfo`]: how the module is configured.
//! - `contract`: the names of commands, options, fields and error codes. `request` and `reply` write and read them.
//! - `connection`: the three kinds of Redis. `node` is one server, with a `shared_connection` and, for slow signatures,
//!   `signing_lanes`; `sentinel`, with `sentinel_majority`, and `cluster` find the node in charge, by the rules of
//!   `failover`; `topology` and `slots` know the nodes of a cluster.
//! - [`Verifier`]: `local/` has what it keeps, the rules by which that holds, and the connection that listens.
//! - `limits`: every time limit.

#![forbid(unsafe_code)]

mod address;
mod cluster;
mod commands;
mod connection;
mod contract;
mod error;
mod events;
mod failover;
mod hallpass;
mod limits;
mod local;
mod module_info;
mod node;
mod reply;
mod request;
mod security;
mod sentinel;
mod sentinel_majority;
mod shared_connection;
mod signing_lanes;
mod slots;
mod subject_keys;
mod topology;

pub use address::{Address, AddressError, ClusterAddress, SentinelAddress};
pub use commands::{
    ANY_AUDIENCE, Inspected, IssueOptions, KeyStatus, Number, OnLimit, Page, RefreshOptions, Revocation,
    Session, TokenState, Tokens,
};
pub use error::CommandError;
pub use events::{Listener, Notice};
pub use hallpass::{Hallpass, Observer};
pub use local::{Claims, Kept, NodeCache, Verified, Verifier, VerifyCache};
pub use module_info::{ModuleInfo, NodeInfo};
pub use security::Security;
pub use subject_keys::{SubjectKeys, is_refresh_token};
