//! The arguments of `clients …`.

use super::client::Scope;
use clap::Subcommand;
use std::path::PathBuf;

/// `clients …`
#[derive(Debug, Subcommand)]
pub enum ClientsCommand {
    /// Add a client, or a second secret for one, and print that secret: it is shown this once.
    Add {
        /// The clients file; made if it is missing.
        #[arg(long, value_name = "FILE", env = "HALLPASS_CLIENTS_FILE")]
        clients_file: PathBuf,
        /// Name of the client: 1–64 of [A-Za-z0-9_.-].
        #[arg(long)]
        id: String,
        /// What the client may do.
        #[arg(long, value_name = "SCOPE,…", value_delimiter = ',', required = true)]
        scope: Vec<Scope>,
        /// The only audiences that the client may issue for [default: any].
        #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
        audience: Option<Vec<String>>,
        /// Bind the sessions that the client issues to it: only it can refresh them.
        #[arg(long)]
        confidential: bool,
    },
    /// List the clients, without secrets.
    List {
        /// The clients file.
        #[arg(long, value_name = "FILE", env = "HALLPASS_CLIENTS_FILE")]
        clients_file: PathBuf,
    },
    /// Remove a client, or the older one of its two secrets.
    Remove {
        /// The clients file.
        #[arg(long, value_name = "FILE", env = "HALLPASS_CLIENTS_FILE")]
        clients_file: PathBuf,
        /// Name of the client.
        #[arg(long)]
        id: String,
        /// Remove only the older secret, once the newer one is deployed.
        #[arg(long)]
        older_secret: bool,
    },
}
