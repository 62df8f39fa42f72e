//! The arguments of `keys …`.

use super::span::Span;
use clap::{Args, Subcommand};
use hallpass_engine::keys::Algorithm;
use std::path::PathBuf;

/// `keys …`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a keyring file: one signing key and one refresh key.
    Generate {
        /// The file to make; an existing one is never overwritten.
        #[arg(long, value_name = "FILE", env = "HALLPASS_KEYRING")]
        keyring: PathBuf,
        /// Algorithm of the signing key: EdDSA, ES256, RS256, PS256 or HS256.
        #[arg(long, value_name = "ALG", default_value_t = Algorithm::EdDSA)]
        alg: Algorithm,
    },
    /// Add a signing key and a refresh key that take over later, and give the old ones an end.
    Rotate(Rotate),
    /// List the keys and what each is doing now, without secrets.
    List {
        /// The keyring file.
        #[arg(long, value_name = "FILE", env = "HALLPASS_KEYRING")]
        keyring: PathBuf,
    },
    /// Remove expired keys.
    Prune {
        /// The keyring file.
        #[arg(long, value_name = "FILE", env = "HALLPASS_KEYRING")]
        keyring: PathBuf,
    },
}

/// The arguments of `keys rotate`.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The keyring file.
    #[arg(long, value_name = "FILE", env = "HALLPASS_KEYRING")]
    pub keyring: PathBuf,
    /// When the new keys begin to sign: time to take them to every node. 0s is for a single node, or an emergency.
    #[arg(long, value_name = "DURATION", default_value = "24h")]
    pub activate_in: Span,
    /// How long after that the old keys go on verifying: no shorter than hallpass.idle-ttl, which is 14d by default.
    #[arg(long, value_name = "DURATION", default_value = "90d")]
    pub retire_after: Span,
    /// Algorithm of the new signing key [default: that of the newest one].
    #[arg(long, value_name = "ALG")]
    pub alg: Option<Algorithm>,
    /// Rotate although live sessions may lose their refresh key, or a new key is waiting already: it is overtaken.
    #[arg(long)]
    pub force: bool,
}
