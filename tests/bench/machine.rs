//! The origin of the numbers: the machine, and the versions of the programs.

use std::{fs, process::Command, thread};

use serde_json::Value as Json;

use crate::{http::node, support::build::redis_server};

/// Returns pairs of a name and its value: those of the machine, and of what runs in every measurement.
pub fn describe() -> Vec<(&'static str, String)> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let hallpass = env!("CARGO_PKG_VERSION").to_owned();
    vec![
        ("processor", format!("{}, {cores} cores", processor())),
        ("memory", format!("{} GiB", memory_gib())),
        ("kernel", said(Command::new("uname").arg("-sr"))),
        ("Redis", without_build(&said(Command::new(redis_server()).arg("--version")))),
        ("Hallpass", hallpass),
        ("Rust", said(Command::new("rustc").arg("--version"))),
    ]
}

/// Returns the same of the programs that Hallpass is compared with.
pub fn describe_others() -> Vec<(&'static str, String)> {
    vec![("Node.js", said(Command::new(node()).arg("--version"))), ("from npm", packages())]
}

/// Returns the output of `redis-server --version`, up to the version.
fn without_build(said: &str) -> String {
    said.split(" sha=").next().unwrap_or(said).to_owned()
}

/// Returns the packages that the servers on Node.js are made of.
fn packages() -> String {
    let manifest: Json = serde_json::from_str(include_str!("node/package.json")).expect("JSON");
    let packages = manifest["dependencies"].as_object().expect("packages").iter();
    let named = packages.map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or_default()));
    named.collect::<Vec<_>>().join(", ")
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

/// Returns the first line of a program's output.
fn said(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or("unknown").to_owned()
}
