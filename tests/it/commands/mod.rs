//! The commands, one by one.

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
mod verify;
mod windows;
