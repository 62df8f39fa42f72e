//! `AUTH.JWKS`, `AUTH.KEYS` and `AUTH.RELOAD`: the keyring, which each node has for itself.

use crate::contract::{command, field, option as word};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::reply::Fields;
use redis::cmd;

/// An entry of `AUTH.KEYS`: a key of the ring, without key material. Times are in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// The key's id.
    pub kid: String,
    /// Its algorithm, such as `EdDSA`.
    pub alg: String,
    /// `sig` signs access tokens, `refresh` makes refresh tokens.
    pub usage: String,
    /// `next`, `active`, `retiring` or `expired`.
    pub status: String,
    /// When it begins to be used, if that is limited.
    pub nbf: Option<u64>,
    /// When it stops being accepted, if ever.
    pub exp: Option<u64>,
}

impl Hallpass {
    /// `AUTH.JWKS`: returns the public keys that access tokens can be verified with, a JWK Set as JSON text.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`].
    pub async fn jwks(&self) -> Result<String, CommandError> {
        self.call(&cmd(command::JWKS)).await
    }

    /// `AUTH.KEYS`: returns the status of each key of the ring, according to one node.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`].
    pub async fn keys(&self) -> Result<Vec<KeyStatus>, CommandError> {
        let entries: Vec<Fields> = self.call(&cmd(command::KEYS)).await?;
        entries.into_iter().map(KeyStatus::read).collect()
    }

    /// `AUTH.KEYS FORMAT JSON`: the same as a JSON array.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`].
    pub async fn keys_as_json(&self) -> Result<String, CommandError> {
        self.call(cmd(command::KEYS).arg(word::FORMAT).arg(word::JSON)).await
    }

    /// `AUTH.RELOAD`: lets the server, or every node of a cluster, read its keyring file again.
    ///
    /// # Errors
    /// [`CommandError::Rejected`] when the file is not usable, and the ring in use stays. In a cluster it is the error
    /// of one node; the others are asked all the same.
    pub async fn reload(&self) -> Result<(), CommandError> {
        let command = cmd(command::RELOAD);
        match self.connection.send_to_all(&command).await {
            None => self.call(&command).await,
            Some(answers) => {
                let answers = answers.into_iter().map(|(_, answer)| answer.map(drop));
                let outcome = answers.collect::<Result<(), _>>().map_err(CommandError::of);
                outcome.inspect_err(|error| self.report(error))
            }
        }
    }
}

impl KeyStatus {
    fn read(mut entry: Fields) -> Result<Self, CommandError> {
        Ok(Self {
            kid: entry.take(field::KID)?,
            alg: entry.take(field::ALG)?,
            usage: entry.take(field::USE)?,
            status: entry.take(field::STATUS)?,
            nbf: entry.take(field::NBF)?,
            exp: entry.take(field::EXP)?,
        })
    }
}
