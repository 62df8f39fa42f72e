//! The document of the drill: docs/bench/load.md.

use super::site;
use crate::{cores::Core, machine::describe, publish, table};

const INTRODUCTION: &str = "# Load

Written by `make load`. A site with a million sessions, on one core: what it carries, where it breaks, and what then
costs a restart, a failover, a reload of the keys, and the moment at which all clients refresh together. The load is an
open loop: calls come at their own times, whatever became of those before them, and each is timed from the moment
at which its client makes it, so that waiting in a queue counts. `make load SESSIONS=100000` is a quick try, which only
prints. Compared with other ways to keep sessions: [benchmarks](README.md).

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

/// Writes the document.
pub fn write(sections: &[Section]) {
    let tables: String = sections.iter().map(Section::markdown).collect();
    publish::write_file(
        "load.md",
        &(INTRODUCTION.to_owned() + &publish::origin(&site::on(Core::Any, describe)) + &tables),
    );
}
