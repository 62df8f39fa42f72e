//! The document of the drill: docs/bench/load.md.

use super::site;
use crate::{cores::Core, machine::describe, publish, table};

const INTRODUCTION: &str = "# Load

Written by `make load`. A site with a million sessions, on one core: what it carries, where it breaks, and what then
costs a restart, a failover, a reload of the keys, and the moment at which all clients refresh together. The load is an
open loop: calls are sent on schedule, whether or not earlier ones were answered; each is timed from its scheduled
moment, so that waiting in a queue counts. `make load SESSIONS=100000` is a quick try, which only prints. Compared with
other ways to keep sessions: [benchmarks](README.md).

";

/// One table, with what it shows.
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// What was done.
    pub about: String,
    /// The table; the first row is its head.
    pub rows: Vec<Vec<String>>,
}

impl Section {
    /// Prints it.
    pub fn print(&self) {
        println!("\n## {}\n\n{}\n", self.title, self.about);
        table::print(&self.rows);
    }

    fn markdown(&self) -> String {
        format!("\n## {}\n\n{}\n\n{}", self.title, self.about, publish::markdown(&self.rows))
    }
}

/// Formats a whole number, with commas between thousands.
pub fn grouped(number: impl Into<f64>) -> String {
    let digits = format!("{:.0}", number.into());
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

/// Formats milliseconds with this many decimals; from a second on, as seconds.
pub fn duration(ms: f64, decimals: usize) -> String {
    match ms {
        ..1e3 => format!("{ms:.decimals$} ms"),
        ..1e4 => format!("{:.1} s", ms / 1e3),
        _ => format!("{:.0} s", ms / 1e3),
    }
}

/// Formats a share (0–1) in percent.
pub fn share(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Writes the document.
pub fn write(sections: &[Section]) {
    let tables: String = sections.iter().map(Section::markdown).collect();
    publish::write_file(
        "load.md",
        &(INTRODUCTION.to_owned() + &publish::origin(&site::on(Core::Any, describe)) + &tables),
    );
}
