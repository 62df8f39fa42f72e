//! The commands: one file each, which opens with the command's grammar and reply, and this table of all of them.
//!
//! A new command is a file with a [`call::Command`], its `mod` line and its line in the table.

mod call;
mod dispatch;
mod inspect;
mod issue;
mod jwks;
mod keys;
mod refresh;
mod reload;
mod revoke;
mod sessions;
mod setclaims;
mod verify;

use crate::redis::command::Registration;
use dispatch::{node, user};

/// Every command.
pub static COMMANDS: &[Registration] = &[
    user::<issue::Issue>(),
    user::<refresh::Refresh>(),
    user::<verify::Verify>(),
    user::<inspect::Inspect>(),
    user::<sessions::Sessions>(),
    user::<revoke::Revoke>(),
    user::<setclaims::SetClaims>(),
    node::<jwks::Jwks>(),
    node::<keys::Keys>(),
    node::<reload::Reload>(),
];
