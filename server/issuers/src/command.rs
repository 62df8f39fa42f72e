//! `issuers check`: reads an issuers file and fetches the keys of each issuer.

use crate::algorithm;
use crate::file::load;
use crate::http::Http;
use crate::issuer::Issuer;
use crate::key_source::{Fetched, KeySource};
use anyhow::{Result, ensure};
use clap::Subcommand;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `issuers …`
#[derive(Debug, Subcommand)]
pub enum IssuersCommand {
    /// Check the file, fetch the keys of each issuer, and say what works.
    Check {
        /// The issuers file.
        #[arg(long, value_name = "FILE", env = "HALLPASS_ISSUERS_FILE")]
        issuers_file: PathBuf,
    },
}

/// Runs `issuers …`.
///
/// # Errors
/// What is wrong with the file, or how many issuers do not work.
pub fn run(command: IssuersCommand) -> Result<()> {
    let IssuersCommand::Check { issuers_file } = command;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(check(&issuers_file))
}

/// Prints a line for each issuer.
async fn check(path: &Path) -> Result<()> {
    let issuers = load(path)?;
    let http = Arc::new(Http::new());
    let mut failed = 0;
    for issuer in &issuers {
        let outcome = KeySource::new(issuer, Arc::clone(&http)).fetch().await;
        let outcome =
            outcome.map_err(|error| error.to_string()).and_then(|fetched| describe(issuer, &fetched));
        failed += usize::from(outcome.is_err());
        let (word, text) = match outcome {
            Ok(description) => ("ok", description),
            Err(problem) => ("FAILED", problem),
        };
        // The reader may have seen enough; the exit status tells the rest.
        let _ = writeln!(io::stdout(), "{}  {word}  {text}", issuer.issuer);
    }
    ensure!(failed == 0, "{failed} of {} issuers cannot be used", issuers.len());
    Ok(())
}

/// Describes keys of which at least one is of use: `2 keys (RS256) from https://id.example/jwks, kept for 3600 s`.
fn describe(issuer: &Issuer, fetched: &Fetched) -> Result<String, String> {
    let usable = |name: &&str| {
        let algorithm = algorithm::named(name);
        algorithm.is_some_and(|algorithm| issuer.takes(algorithm) && fetched.keys.has_key_for(algorithm))
    };
    let usable: Vec<&str> = algorithm::NAMES.iter().map(|(name, _)| *name).filter(usable).collect();
    let (count, place) = (fetched.keys.len(), &fetched.place);
    if usable.is_empty() {
        return Err(format!("none of the {count} keys at {place} is for an algorithm that the file allows"));
    }
    let keys = if count == 1 { "key" } else { "keys" };
    Ok(format!("{count} {keys} ({}) from {place}", usable.join(", ")))
}
