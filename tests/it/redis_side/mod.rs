//! The commands as Redis sees them: rights, documentation, transactions, settings, loading, statistics, events.

mod acl;
mod acl_categories;
pub mod acl_roles;
mod beside_another_module;
pub mod command_docs;
mod config;
mod estimates;
mod events;
mod info;
mod load;
mod transactions;
mod watchers;
