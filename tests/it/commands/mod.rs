//! The commands, one by one.

mod auth_time;
mod client_public;
mod format_json;
mod impossible_subjects;
mod inspect;
mod issue;
mod issue_limits;
mod issue_options;
mod jwks;
mod keys;
mod refresh;
mod reload;
mod revoke;
mod revoke_races;
mod sessions;
mod setclaims;
mod shared;
mod token_settings;
mod token_sizes;
mod verify;
mod windows;
