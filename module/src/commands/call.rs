//! The call of a command, with everything that is read once.

use crate::config::Config;
use crate::error::{self, Error};
use crate::format::Format;
use crate::redis::args::Arg;
use crate::redis::database;
use crate::redis::spec::CommandSpec;
use crate::reply::CommandResult;
use crate::tokens::builder::TokenBuilder;
use crate::{clock, keyring};
use hallpass_engine::key_pattern::SubjectError;
use hallpass_engine::keys::Keyring;
use hallpass_engine::refresh::{self, RefreshToken};
use hallpass_engine::rotation::Policy;
use hallpass_engine::scan::ScanFilter;
use hallpass_engine::time::seconds;
use redis_module::Context;

/// A command about one user, whose key is its first argument.
pub trait Command {
    /// The command's documentation.
    const SPEC: CommandSpec;

    /// Returns the error for a key of an impossible subject. Callers compute the key from a token: if the command takes
    /// a token, that token is invalid.
    fn impossible_subject(_args: &[Arg]) -> Error {
        error::KEY
    }

    /// Runs the command.
    ///
    /// # Errors
    /// [`Error`]; then nothing has changed, unless the command says otherwise.
    fn run(call: &Call<'_>) -> CommandResult;
}

/// A command about the node that it is sent to.
pub trait NodeCommand {
    /// The command's documentation.
    const SPEC: CommandSpec;

    /// Runs the command.
    ///
    /// # Errors
    /// [`Error`].
    fn run(args: &[Arg]) -> CommandResult;
}

/// One call of a command about a user.
pub struct Call<'a> {
    /// The running command's context.
    pub ctx: &'a Context,
    /// The user's key.
    pub key: &'a Arg,
    /// The arguments after the key.
    pub args: &'a [Arg],
    /// The settings in force.
    pub config: &'a Config,
    /// The settings of the rotation rules.
    pub policy: Policy,
    /// The user.
    pub subject: &'a str,
    /// The database that the key is in.
    pub database: u32,
    /// Unix ns, read once.
    pub now_ns: u128,
    /// The same in Unix ms.
    pub now: u64,
}

impl<'a> Call<'a> {
    /// Reads everything that the command `C` needs.
    ///
    /// # Errors
    /// [`error::KEY`] if the key does not match the pattern, and the error of `C` for an impossible subject.
    pub fn new<C: Command>(ctx: &'a Context, args: &'a [Arg], config: &'a Config) -> Result<Self, Error> {
        let [_, key, args @ ..] = args else {
            return Err(error::SYNTAX);
        };
        let subject = config.pattern.subject_of(key).map_err(|error| match error {
            SubjectError::OutsidePattern => error::KEY,
            SubjectError::Impossible => C::impossible_subject(args),
        })?;
        let (policy, database, now_ns) = (config.into(), database::selected(ctx), clock::unix_ns());
        Ok(Self { ctx, key, args, config, policy, subject, database, now_ns, now: clock::ms_of(now_ns) })
    }

    /// Returns the time in Unix seconds.
    pub fn now_seconds(&self) -> u64 {
        seconds(self.now)
    }

    /// Returns the parameters of a scan of the user's hash, which counts the sessions of `class`, if any.
    pub fn filter<'f>(&self, class: Option<&'f str>) -> ScanFilter<'f> {
        ScanFilter { now: self.now, not_before: self.policy.not_before, class }
    }

    /// Returns the builder of this user's tokens, for an answer in this format.
    pub fn tokens<'b>(&'b self, ring: &'b Keyring, format: Format) -> TokenBuilder<'b> {
        let Self { config, subject, database, now, .. } = *self;
        TokenBuilder { config, ring, subject, database, now, format }
    }

    /// Opens a refresh token of this user.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for any other text.
    pub fn refresh_token(&self, text: &[u8]) -> Result<RefreshToken, Error> {
        let loaded = keyring::current()?;
        let token = refresh::open(&loaded.ring, text, self.now_seconds(), self.database)?;
        if token.subject == self.subject { Ok(token) } else { Err(Error::InvalidToken) }
    }
}
