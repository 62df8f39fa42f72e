//! The promises that hold under load, races, failovers, restarts and full disks, and that nothing secret leaks.

mod clock_steps;
mod cluster;
mod concurrency;
mod faults;
mod field_expiry;
mod key_rotation_drill;
mod large_hashes;
mod local_verification;
mod one_login;
mod pause_oom;
mod persistence;
mod replication;
mod reported_elsewhere;
mod rsa_signing;
mod same_millisecond;
mod secrecy;
mod sentinel;
mod shared;
pub mod upgrade;
mod verify_cache;
