//! The benchmarks: `make bench`, or `cargo bench -p hallpass-tests -- NAME` for one of them.
//!
//! Each measurement is a file. It starts redis-servers of its own, lets the sides that are to be compared take turns, and
//! prints medians and their ratio: what both sides suffer from a busy machine cancels out. Nothing is asserted.

#![allow(clippy::unwrap_used)]

mod alternatives;
mod commands;
mod commandstats;
mod cpu;
mod http;
mod large_hashes;
mod load;
mod memory;
mod report;
mod resp;
mod rsa_latency;
mod stats;
#[allow(dead_code, unused_imports, reason = "only a part of the tests' harness is needed here")]
#[path = "../it/support/mod.rs"]
mod support;
mod table;

use std::{env, thread};

use report::Report;

/// A measurement: its name, and what takes it.
type Measurement = (&'static str, fn() -> Report);

const ALL: [Measurement; 9] = [
    ("unix", commands::unix),
    ("unix_pipelined", commands::unix_pipelined),
    ("tcp", commands::tcp),
    ("tcp_pipelined", commands::tcp_pipelined),
    ("alternatives", alternatives::measure),
    ("http", http::measure),
    ("memory", memory::measure),
    ("rsa_latency", rsa_latency::measure),
    ("large_hashes", large_hashes::measure),
];

fn main() {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some(http::BARE_AXUM) {
        return http::serve_bare_axum(&arguments.next().expect("a socket"));
    }
    // Cargo passes --bench.
    let chosen: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores, shared with the clients that make the load");
    for (name, measure) in ALL {
        if chosen.is_empty() || chosen.iter().any(|chosen| chosen == name) {
            println!("\n## {name}\n");
            measure().print();
        }
    }
}
