//! `keys generate|rotate|list|prune`: the keyring file (RFC 7517) from the command line.

mod arguments;
mod document;
mod file;
mod generate;
mod list;
mod new_keys;
mod prune;
mod rotate;
mod schedule;
mod span;
mod utc;
mod wording;

pub use arguments::KeysCommand;
pub use generate::generate;
pub use span::Span;

use anyhow::Result;
use std::io::{self, Write};

/// Runs `keys …`.
pub fn run(command: KeysCommand) -> Result<()> {
    let report = match command {
        KeysCommand::Generate { keyring, alg } => generate::report(&keyring, alg, &generate(&keyring, alg)?),
        KeysCommand::Rotate(flags) => rotate::rotate(&flags)?,
        KeysCommand::List { keyring } => list::table(&file::read(&keyring)?.summaries(utc::now()?)),
        KeysCommand::Prune { keyring } => prune::prune(&keyring)?,
    };
    // The work is done, so a closed stdout is not a failure.
    let _ = io::stdout().write_all(report.as_bytes());
    Ok(())
}
