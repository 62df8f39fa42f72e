//! Faults of Redis, with real processes: the acknowledged state before is compared with the state afterwards.
//!
//! `docs/reliability.md` has the table of these tests; their constants are its numbers.

mod every_command;
mod load_clients;

mod clocks;
mod failover;
mod full_disk;
mod kill;
mod lost_tail;
mod maxmemory;
mod pause;
mod revocation;
mod snapshot;
mod takeover;
