//! Hallpass without Redis: keys, tokens, session records and the rotation rules.
//!
//! Everything here is a pure function of its arguments. There is no I/O, no clock and no randomness: the time and
//! random bytes are passed in, so that each rule can be tested by itself and every node computes the same answer.
//!
//! # Layout
//! - [`keys`]: the keyring, from a JWK Set to keys that sign and verify; [`keygen`] makes new ones.
//! - [`access`]: the JWT access token. [`refresh`]: the computed refresh token. [`token`]: what both have in common.
//! - [`login`]: which session a token belongs to. [`record`]: the session as stored. [`scan`]: what a look through a user's
//!   sessions keeps of each.
//! - [`rotation`]: what a presented refresh token means for its session; [`inspection`]: the same, told without rotating.
//!   [`receipts`]: which answers are known to have arrived.
//! - [`limits`]: which sessions make room for a new one. [`lifetimes`]: how long sessions and access tokens live.
//!   [`key_expiry`]: when a whole key expires. [`time`]: seconds and milliseconds.
//! - [`arguments`]: what a command's options may be. [`json`]: claims and metadata, validated and re-serialised.
//! - [`key_pattern`]: Redis keys and subjects. [`sid`]: session ids. [`base64url`]: the encoding of keys and tokens.
#![forbid(unsafe_code)]

pub mod access;
pub mod arguments;
pub mod base64url;
pub mod inspection;
pub mod json;
pub mod key_expiry;
pub mod key_pattern;
pub mod keygen;
pub mod keys;
pub mod lifetimes;
pub mod limits;
pub mod login;
pub mod receipts;
pub mod record;
pub mod refresh;
pub mod rotation;
pub mod scan;
pub mod sid;
pub mod time;
pub mod token;
