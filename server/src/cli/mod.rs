//! The command line. Every flag of `serve` has an environment variable `HALLPASS_*` of the same name.

mod serve;

use crate::listener::address::ListenAddress;
use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand, error::ErrorKind};
use hallpass_admin::clients::ClientsCommand;
use hallpass_admin::keys::KeysCommand;
use hallpass_issuers::IssuersCommand;
use serve::DEFAULT_LISTEN;
use std::ffi::OsString;
use std::path::PathBuf;

pub use serve::Serve;

/// Version and commit.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("HALLPASS_COMMIT"), ")");

/// HTTP front of Hallpass: sessions, rotating refresh tokens and JWT access tokens, kept in Redis.
#[derive(Debug, Parser)]
#[command(name = "hallpass-server", version = VERSION)]
#[command(
    after_help = "Without a command, `serve` is meant: `hallpass-server serve --help` lists its flags."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve HTTP (the default): with a private Redis, or with the one that --redis-url names.
    Serve(Box<Serve>),
    /// Make, rotate, list and prune the keys of a keyring file.
    #[command(subcommand, arg_required_else_help = false)]
    Keys(KeysCommand),
    /// Manage the clients that may issue, introspect and manage sessions.
    #[command(subcommand, arg_required_else_help = false)]
    Clients(ClientsCommand),
    /// Check the outside issuers whose tokens open sessions.
    #[command(subcommand, arg_required_else_help = false)]
    Issuers(IssuersCommand),
    /// Ask a running server whether it is ready; the exit code is the answer.
    Healthcheck(Healthcheck),
    /// Write the man pages and the completions of shells into a directory, for packages.
    #[command(hide = true)]
    PackageFiles {
        /// The directory.
        directory: PathBuf,
    },
}

/// The flags of `healthcheck`.
#[derive(Debug, Args)]
pub struct Healthcheck {
    /// Where the server listens.
    #[arg(long, env = "HALLPASS_LISTEN", value_name = "ADDRESS", default_value = DEFAULT_LISTEN)]
    pub listen: ListenAddress,

    /// Where it has the routes for the operator, if that is elsewhere.
    #[arg(long, env = "HALLPASS_ADMIN_LISTEN", value_name = "ADDRESS")]
    pub admin_listen: Option<ListenAddress>,
}

impl Cli {
    /// Reads the command line. `Ok(None)` when help or the version was asked for, and printed.
    pub fn read(arguments: impl Iterator<Item = OsString>) -> Result<Option<Self>> {
        match Self::try_parse_from(with_default_command(arguments)) {
            Ok(cli) => Ok(Some(cli)),
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                // A closed stdout is no reason to fail.
                let _ = error.print();
                Ok(None)
            }
            Err(error) => bail!(message(&error.render().to_string())),
        }
    }
}

/// Inserts `serve` where no command is given, so that its flags need no command.
fn with_default_command(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = arguments.collect();
    let first = arguments.get(1).map(|argument| argument.to_string_lossy());
    let asks_for_help = matches!(first.as_deref(), Some("-h" | "--help" | "-V" | "--version"));
    if !asks_for_help && first.is_none_or(|first| first.starts_with('-')) {
        arguments.insert(arguments.len().min(1), "serve".into());
    }
    arguments
}

/// Returns the message of a clap error without the usage lines that follow it.
fn message(rendered: &str) -> String {
    let is_message = |line: &&str| !line.starts_with("Usage:") && !line.starts_with("For more information");
    let message: Vec<_> = rendered.lines().take_while(is_message).collect();
    message.join(" ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn read(line: &str) -> Result<Option<Cli>> {
        Cli::read(line.split(' ').map(OsString::from))
    }

    #[test]
    fn clap_finds_no_mistake() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_the_default() {
        for line in ["hallpass-server", "hallpass-server --listen 127.0.0.1:0", "hallpass-server serve"] {
            let cli = read(line).expect("valid").expect("no help");
            assert!(matches!(cli.command, Command::Serve(_)), "{line}");
        }
    }

    #[test]
    fn a_mistake_is_one_clear_line() {
        let failure = read("hallpass-server --listen nowhere").expect_err("not an address").to_string();
        assert!(failure.contains("'nowhere'") && failure.contains("--listen"), "{failure}");
        assert!(!failure.contains("Usage"), "{failure}");
        let failure = read("hallpass-server keys generate").expect_err("no keyring").to_string();
        assert!(failure.contains("--keyring"), "{failure}");
        for group in ["keys", "clients", "issuers"] {
            let failure = read(&format!("hallpass-server {group}")).expect_err("no command").to_string();
            assert!(failure.contains("requires a subcommand"), "{failure}");
        }
    }

    #[test]
    fn lists_are_repeated_or_separated_by_commas() {
        let line = "hallpass-server --trusted-proxy 10.0.0.0/8,::1 --trusted-proxy 192.0.2.1 --dev-cookie \
                    --allowed-origin https://a.example --allowed-origin https://b.example";
        let Command::Serve(flags) = read(line).expect("valid").expect("no help").command else {
            panic!("not serve")
        };
        assert_eq!((flags.trusted_proxy.len(), flags.allowed_origin.len()), (3, 2));
        assert!(flags.dev_cookie);
        assert_eq!(flags.rate_limit, 50);
        for wrong in ["--trusted-proxy proxy", "--allowed-origin *", "--rate-limit -1"] {
            assert!(read(&format!("hallpass-server {wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_algorithm_is_refused() {
        for command in ["generate", "rotate"] {
            assert!(read(&format!("hallpass-server keys {command} --keyring k --alg none")).is_err());
        }
    }

    #[test]
    fn a_malformed_duration_is_refused_with_a_hint() {
        let failure = read("hallpass-server keys rotate --keyring k --activate-in 1w").expect_err("refused");
        let failure = failure.to_string();
        assert!(failure.contains("--activate-in") && failure.contains("like 24h"), "{failure}");
    }
}
