//! Hallpass without Redis: keys, tokens, session records and the rotation rules.
//!
//! Everything here is a pure function of its arguments. There is no I/O, no clock and no randomness: the time and
//! random bytes are passed in, so that each rule can be tested by itself and every node computes the same answer.
//!
//! # Layout
//! - [`keys`]: the keyring, from a JWK Set to keys that sign and verify; [`keygen`] makes new ones.
//! - [`access`]: the JWT access token. [`refresh`]: the computed refresh token. [`token`]: the parts that both share.
//! - [`login`]: the session that a token belongs to. [`record`]: the session as stored. [`scan`]: summaries of a user's
//!   sessions.
//! - [`rotation`]: the decision about a presented refresh token; [`inspection`]: the same, without rotating.
//!   [`receipts`]: the answers that are known to have arrived.
//! - [`limits`]: the sessions that make room for a new one. [`lifetimes`]: the lifetimes of sessions and access tokens.
//!   [`key_expiry`]: the expiry of a whole key. [`time`]: seconds and milliseconds.
//! - [`arguments`]: the options of commands. [`json`]: claims and metadata, validated and serialised again.
//! - [`estimate`]: the numbers of users and sessions, from a sample of keys.
//! - [`key_pattern`]: Redis keys and subjects. [`sid`]: session ids. [`base64url`]: the encoding of keys and tokens.
#![forbid(unsafe_code)]

pub mod access;
pub mod arguments;
pub mod base64url;
pub mod estimate;
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
