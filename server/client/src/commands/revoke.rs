//! `AUTH.REVOKE`: ends sessions.

use crate::contract::{command, option as word};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::request::{about, option};

/// The sessions that `AUTH.REVOKE` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation<'a> {
    /// ALL, but the one that EXCEPT names.
    All {
        /// EXCEPT: a session's id.
        except: Option<&'a str>,
    },
    /// SESSION: those of these ids, at least one.
    Sessions(&'a [&'a str]),
    /// TOKEN: the one that the token belongs to.
    Token {
        /// A token of either kind and any age.
        token: &'a str,
        /// CLIENT: the OAuth client that asks.
        client: Option<&'a str>,
    },
}

impl Hallpass {
    /// `AUTH.REVOKE`: ends sessions, and returns how many of them were alive.
    ///
    /// # Errors
    /// [`CommandError::Rejected`] for an exception that is not a session id: a misspelt one must not end everything.
    pub async fn revoke(&self, key: &str, revocation: Revocation<'_>) -> Result<u64, CommandError> {
        let mut command = about(command::REVOKE, key);
        match revocation {
            Revocation::All { except } => option(command.arg(word::ALL), word::EXCEPT, except),
            Revocation::Sessions(sids) => drop(command.arg(word::SESSION).arg(sids)),
            Revocation::Token { token, client } => {
                option(command.arg(word::TOKEN).arg(token), word::CLIENT, client);
            }
        }
        self.call(&command).await
    }
}
