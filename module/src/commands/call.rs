//! What a command gets: the call, with everything that is read once.

use crate::config::Config;
use crate::error::{self, Error};
use crate::redis::args::Arg;
use crate::redis::spec::CommandSpec;
use crate::reply::CommandResult;
use crate::tokens::builder::TokenBuilder;
use crate::{clock, keyring};
use hallpass_engine::keys::Keyring;
use hallpass_engine::refresh::{self, RefreshToken};
use hallpass_engine::rotation::Policy;
use hallpass_engine::scan::ScanFilter;
use hallpass_engine::time::seconds;
use redis_module::Context;

/// A command about one user, whose key is its first argument.
pub trait Command {
    /// Its documentation.
    const SPEC: CommandSpec;

    /// Runs it.
    ///
    /// # Errors
    /// [`Error`]; then nothing has changed, unless the command says otherwise.
    fn run(call: &Call<'_>) -> CommandResult;
}

/// A command about the node that it is sent to. It takes no arguments.
pub trait NodeCommand {
    /// Its documentation.
    const SPEC: CommandSpec;

    /// Runs it.
    ///
    /// # Errors
    /// [`Error`].
    fn run() -> CommandResult;
}

/// One call of a command about a user.
pub struct Call<'a> {
    /// The running command's context.
    pub ctx: &'a Context,
    /// The user's key.
    pub key: &'a Arg,
    /// The arguments behind the key.
    pub args: &'a [Arg],
    /// The settings in force.
    pub config: &'a Config,
    /// The settings that the rules depend on.
    pub policy: Policy,
    /// The user.
    pub subject: &'a str,
    /// Unix ns, read once.
    pub now_ns: u128,
    /// The same in Unix ms.
    pub now: u64,
}

impl<'a> Call<'a> {
    /// Reads what every command about a user needs.
    ///
    /// # Errors
    /// [`error::KEY`] when the key does not match the pattern.
    pub fn new(ctx: &'a Context, args: &'a [Arg], config: &'a Config) -> Result<Self, Error> {
        let [_, key, args @ ..] = args else {
            return Err(error::SYNTAX);
        };
        let subject = config.pattern.subject_of(key).ok_or(error::KEY)?;
        let now_ns = clock::unix_ns();
        Ok(Self { ctx, key, args, config, policy: config.into(), subject, now_ns, now: clock::ms_of(now_ns) })
    }

    /// Unix seconds.
    pub fn now_seconds(&self) -> u64 {
        seconds(self.now)
    }

    /// How a scan of the user's hash looks at sessions, of which it counts those of `class`, if any.
    pub fn filter<'f>(&self, class: Option<&'f str>) -> ScanFilter<'f> {
        ScanFilter { now: self.now, not_before: self.policy.not_before, class }
    }

    /// What builds this user's tokens.
    pub fn tokens<'b>(&'b self, ring: &'b Keyring) -> TokenBuilder<'b> {
        TokenBuilder { config: self.config, ring, subject: self.subject, now: self.now }
    }

    /// Opens a refresh token of this user.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for anything else.
    pub fn refresh_token(&self, text: &[u8]) -> Result<RefreshToken, Error> {
        let loaded = keyring::current()?;
        let token = refresh::open(&loaded.ring, text, self.now_seconds())?;
        if token.subject == self.subject { Ok(token) } else { Err(Error::InvalidToken) }
    }
}
