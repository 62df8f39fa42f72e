//! Tools for operators of Hallpass, which work on files alone: no Redis, no HTTP.
//!
//! # Layout
//! [`keys`] is `keys generate|rotate|list|prune`, the keyring file. [`clients`] is `clients add|list|remove`, the file of
//! the applications that may call the server. Both write through [`atomic_file`] and say with [`error`] what went
//! wrong; [`access`] judges who may write and read what they hold.

#![forbid(unsafe_code)]

pub mod access;
pub mod atomic_file;
pub mod clients;
pub mod error;
pub mod json;
pub mod keys;
mod random;
