//! Attacks: forged tokens, hostile arguments, damaged records, random commands.

mod algorithms;
mod encodings;
mod issue_refresh_verify;
mod other_commands;
mod records;
mod soak;
