//! Tests of a release: its artefacts by themselves, the packages on bare systems, and the images. `make test-dist`,
//! `make test-roots` and `make test-images` run them after `make dist`.
#![allow(clippy::unwrap_used)]

mod archives;
mod binaries;
mod debian;
mod images;
mod inventory;
#[path = "../it/support/ports.rs"]
mod ports;
mod redis_software;
mod roots;
mod support;
mod units;
