//! The benchmarks: `make bench`, or `cargo bench -p hallpass-tests -- NAME` for one of them.
//!
//! Each measurement is a file or directory. It starts its own redis-servers, lets the compared sides take turns, and
//! prints medians and their ratio, so that a busy machine affects both sides alike. Nothing is asserted. A run of all
//! measurements writes `docs/bench`. The load drill, `make load`, is not one of them: it compares nothing.

#![allow(clippy::unwrap_used)]

mod alternatives;
mod chart;
mod commands;
mod commandstats;
mod cores;
mod cpu;
mod http;
mod large_hashes;
mod load;
mod load_drill;
mod local_verification;
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

/// One measurement.
pub struct Measurement {
    /// Its name on the command line.
    name: &'static str,
    /// The description on the page.
    about: &'static str,
    /// The function that runs it.
    take: fn() -> Report,
}

const ALL: [Measurement; 14] = [
    measurement("unix", commands::ABOUT, commands::unix),
    measurement("unix_pipelined", "The same, 16 commands at a time.", commands::unix_pipelined),
    measurement("unix_alone", commands::ABOUT_ALONE, commands::unix_alone),
    measurement("tcp", "The same over TCP, one command at a time.", commands::tcp),
    measurement("tcp_pipelined", "The same over TCP, 16 commands at a time.", commands::tcp_pipelined),
    measurement("other_algorithms", commands::ABOUT_OTHERS, commands::other_algorithms),
    measurement("alternatives", alternatives::ABOUT, alternatives::measure),
    measurement("http", http::ABOUT, http::measure),
    measurement("local_verification", local_verification::ABOUT, local_verification::measure),
    measurement("tracking_modes", local_verification::ABOUT_MODES, local_verification::measure_modes),
    measurement("memory", memory::ABOUT, memory::measure),
    measurement("rsa_latency", rsa_latency::ABOUT, rsa_latency::measure),
    measurement("large_hashes", large_hashes::ABOUT, large_hashes::measure),
    measurement("scale", scale::ABOUT, scale::measure),
];

const fn measurement(name: &'static str, about: &'static str, take: fn() -> Report) -> Measurement {
    Measurement { name, about, take }
}

fn main() {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some(http::BARE_AXUM) {
        return http::serve_bare_axum(&arguments.next().expect("a socket"));
    }
    // Cargo passes --bench.
    let chosen: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    if chosen == [load_drill::NAME] {
        return load_drill::run();
    }
    let unknown = chosen.iter().find(|name| !ALL.iter().any(|known| known.name == *name));
    assert!(unknown.is_none(), "no such measurement; there are: {}", ALL.map(|known| known.name).join(" "));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores, shared with the clients that make the load");
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| chosen == name);
    let mut results = vec![];
    for measurement in ALL.into_iter().filter(|measurement| is_chosen(measurement.name)) {
        println!("\n## {}\n\n{}\n", measurement.name, measurement.about);
        let report = (measurement.take)();
        report.print();
        results.push((measurement, report));
    }
    if chosen.is_empty() {
        publish::write(&results);
    }
}
