//! `AUTH.ISSUE`: begins a session.

use super::tokens::Tokens;
use crate::contract::{command, option as word};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::request::{about, as_json, option};
use redis::Cmd;

/// The options of `AUTH.ISSUE`. What is not set is as the module is configured.
#[derive(Clone, Copy, Debug, Default)]
pub struct IssueOptions<'a> {
    /// CLAIMS: a JSON object as text.
    pub claims: Option<&'a str>,
    /// AUDIENCE.
    pub audience: Option<&'a str>,
    /// CLIENT: the tokens name this OAuth client, and the session answers only to it.
    pub client: Option<&'a str>,
    /// PUBLIC: it answers to everybody; only with a client.
    pub is_public: bool,
    /// CLASS: the kind of device.
    pub class: Option<&'a str>,
    /// META: notes about the device, a JSON object as text.
    pub meta: Option<&'a str>,
    /// LIMIT: how many sessions the user may have, or those of this class if there is one.
    pub limit: Option<u64>,
    /// EVICT or REJECT; only with LIMIT.
    pub on_limit: Option<OnLimit>,
    /// SID: a UUIDv7, which makes the command safe to repeat.
    pub session_id: Option<&'a str>,
    /// ACCESSTTL in seconds.
    pub access_ttl: Option<u64>,
    /// IDLETTL in seconds.
    pub idle_ttl: Option<u64>,
    /// MAXTTL in seconds.
    pub max_ttl: Option<u64>,
    /// SHARED: how many generations back a refresh token may be and still be answered.
    pub shared: Option<u64>,
    /// AUTHTIME: when the user proved who they are, in Unix seconds.
    pub auth_time: Option<u64>,
}

/// The effect of a LIMIT that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLimit {
    /// EVICT: other sessions end.
    Evict,
    /// REJECT: the command fails with [`CommandError::SessionLimit`].
    Reject,
}

impl OnLimit {
    fn word(self) -> &'static str {
        match self {
            Self::Evict => word::EVICT,
            Self::Reject => word::REJECT,
        }
    }
}

impl Hallpass {
    /// `AUTH.ISSUE`: begins a session and returns its first tokens.
    ///
    /// # Errors
    /// [`CommandError::SessionLimit`] with [`OnLimit::Reject`]; [`CommandError::WrongType`] for a key of something
    /// else.
    pub async fn issue(&self, key: &str, options: &IssueOptions<'_>) -> Result<Tokens, CommandError> {
        self.call(&issue_command(key, options)).await.and_then(Tokens::read)
    }

    /// `AUTH.ISSUE … FORMAT JSON`: the same, but returns the token response of OAuth 2.0 (RFC 6749 §5.1) as JSON text, to be
    /// sent on.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub async fn issue_json(&self, key: &str, options: &IssueOptions<'_>) -> Result<Vec<u8>, CommandError> {
        self.call(as_json(&mut issue_command(key, options))).await
    }
}

fn issue_command(key: &str, options: &IssueOptions<'_>) -> Cmd {
    let mut command = about(command::ISSUE, key);
    option(&mut command, word::CLAIMS, options.claims);
    option(&mut command, word::AUDIENCE, options.audience);
    option(&mut command, word::CLIENT, options.client);
    command.arg(options.is_public.then_some(word::PUBLIC));
    option(&mut command, word::CLASS, options.class);
    option(&mut command, word::META, options.meta);
    option(&mut command, word::LIMIT, options.limit);
    command.arg(options.on_limit.map(OnLimit::word));
    option(&mut command, word::SID, options.session_id);
    option(&mut command, word::ACCESSTTL, options.access_ttl);
    option(&mut command, word::IDLETTL, options.idle_ttl);
    option(&mut command, word::MAXTTL, options.max_ttl);
    option(&mut command, word::SHARED, options.shared);
    option(&mut command, word::AUTHTIME, options.auth_time);
    command
}
