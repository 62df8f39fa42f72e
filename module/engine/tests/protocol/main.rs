//! The rotation protocol, checked exhaustively: every order of events within bounds, with the engine's own decision
//! function. `docs/protocol.md` describes the model and the results.
//!
//! [`server`] is the module around [`hallpass_engine::rotation::decide`]: store, receipts, failover. [`world`] has the other
//! actors: the tabs of one browser and their network, a thief, time. [`history`] remembers the answers, and
//! [`properties`] are the invariants over it. [`holders`] is another world around the same server: those who share one
//! session, each with a token of its own. [`rules`] bounds a world and can switch off a mechanism: each promise is
//! checked with it, and seen to break without it.

mod check;
mod history;
mod holders;
mod model;
mod promises_to_clients;
mod promises_to_holders;
mod promises_to_operators;
mod promises_to_victims;
mod properties;
mod rules;
mod server;
mod world;
