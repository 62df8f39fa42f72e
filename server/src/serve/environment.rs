//! Finds misspelt environment variables: they have our prefix, but no flag reads them.

use crate::cli::Cli;
use clap::{Command, CommandFactory};
use std::collections::BTreeSet;

/// The prefix of our variables.
const PREFIX: &str = "HALLPASS_";

/// Logs one line about variables that no flag reads: a misspelt one must not be ignored silently.
pub fn warn_of_unknown_variables() {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let unknown = unknown(names, &known(&Cli::command()));
    if !unknown.is_empty() {
        tracing::warn!("no flag reads these variables: {}", unknown.join(", "));
    }
}

/// Returns the names with our prefix that are unknown, in alphabetical order.
fn unknown(names: impl Iterator<Item = String>, known: &BTreeSet<String>) -> Vec<String> {
    let unknown: BTreeSet<_> =
        names.filter(|name| name.starts_with(PREFIX) && !known.contains(name)).collect();
    unknown.into_iter().collect()
}

/// Returns the variables of a command's flags, and of its subcommands'.
fn known(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|flag| flag.get_env()?.to_str().map(str::to_owned));
    own.chain(command.get_subcommands().flat_map(known)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_no_flag_reads_is_found() {
        let names = ["HALLPASS_LISTN", "HALLPASS_LISTEN", "HALLPASS_KEYRING", "PATH", "HALLPASS_ISSUR"];
        let unknown = unknown(names.map(str::to_owned).into_iter(), &known(&Cli::command()));
        assert_eq!(unknown, ["HALLPASS_ISSUR", "HALLPASS_LISTN"]);
    }
}
