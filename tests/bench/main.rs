//! The benchmarks: `make bench`, or `cargo bench -p hallpass-tests -- NAME` for one of them.
//!
//! Each measurement is a file or directory. It starts redis-servers of its own, lets the sides that are to be compared take
//! turns, and prints medians and their ratio: what both sides suffer from a busy machine cancels out. Nothing is asserted.
//! A run of all of them writes `docs/bench`.

#![allow(clippy::unwrap_used)]

mod alternatives;
mod chart;
mod commands;
mod commandstats;
mod cpu;
mod http;
mod large_hashes;
mod load;
mod machine;
mod memory;
mod publish;
mod report;
mod resp;
mod rsa_latency;
mod scale;
mod stats;
#[allow(dead_code, unused_imports, reason = "only a part of the tests' harness is needed here")]
#[path = "../it/support/mod.rs"]
mod support;
mod table;

use std::{env, thread};

use report::Report;

/// A measurement: its name, and what takes it.
type Measurement = (&'static str, fn() -> Report);

const ALL: [Measurement; 11] = [
    ("unix", commands::unix),
    ("unix_pipelined", commands::unix_pipelined),
    ("tcp", commands::tcp),
    ("tcp_pipelined", commands::tcp_pipelined),
    ("other_algorithms", commands::other_algorithms),
    ("alternatives", alternatives::measure),
    ("http", http::measure),
    ("memory", memory::measure),
    ("rsa_latency", rsa_latency::measure),
    ("large_hashes", large_hashes::measure),
    ("scale", scale::measure),
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
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| chosen == name);
    let mut results = vec![];
    for (name, measure) in ALL.into_iter().filter(|(name, _)| is_chosen(name)) {
        println!("\n## {name}\n");
        let report = measure();
        report.print();
        results.push((name, report));
    }
    if chosen.is_empty() {
        publish::write(&results);
    }
}
