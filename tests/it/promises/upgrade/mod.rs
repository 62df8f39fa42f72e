//! Upgrades: what an earlier release, or another server, has left in its files is read ([`files`]), and the nodes of a pair are
//! upgraded one by one under load ([`nodes`]).

pub mod files;
mod nodes;
