//! Where the numbers come from: the machine, and the versions of what ran on it.

use std::{fs, process::Command, thread};

use crate::support::build::redis_server;

/// Pairs of what and which.
pub fn describe() -> Vec<(&'static str, String)> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let hallpass = env!("CARGO_PKG_VERSION").to_owned();
    vec![
        ("processor", format!("{}, {cores} cores", processor())),
        ("memory", format!("{} GiB", memory_gib())),
        ("kernel", said(Command::new("uname").arg("-sr"))),
        ("Redis", said(Command::new(redis_server()).arg("--version"))),
        ("Hallpass", hallpass),
        ("Rust", said(Command::new("rustc").arg("--version"))),
    ]
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("unknown".to_owned(), |(_, name)| name.to_owned())
}

fn memory_gib() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next());
    total.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default().div_ceil(1 << 20)
}

/// The first line of what a program says.
fn said(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or("unknown").to_owned()
}
