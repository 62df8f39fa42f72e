//! The time of commands, measured by Redis itself (INFO commandstats).

use crate::support::{AuthCommands, Con};

/// Returns the microseconds per call of a command since the statistics began; 0 if it was not called.
pub fn usec_per_call(con: &mut Con, command: &str) -> f64 {
    let text: String = con.get(&["INFO", "commandstats"]);
    let start = format!("cmdstat_{}:", command.to_lowercase());
    let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default();
    let field = line.split(',').find_map(|field| field.strip_prefix("usec_per_call="));
    field.map_or(0.0, |number| number.parse().expect("a number"))
}
