//! The rotation protocol, checked exhaustively: every order of events within bounds, over the engine's own decision
//! function. `docs/protocol.md` says what is modelled and what was found.
//!
//! [`server`] is what the module does around [`hallpass_engine::rotation::decide`]: store, receipts, failover. [`world`]
//! has everything else that acts: the tabs of one browser and their network, a thief, time. [`history`] remembers what
//! was answered, and [`properties`] says what must hold of it. [`rules`] bounds a world and can switch off a mechanism:
//! each promise is checked with it, and seen to break without it.

mod check;
mod history;
mod model;
mod promises_to_clients;
mod promises_to_operators;
mod promises_to_victims;
mod properties;
mod rules;
mod server;
mod world;
