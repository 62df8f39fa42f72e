//! `AUTH.REFRESH`: exchanges a refresh token for its successor.

use super::tokens::Tokens;
use crate::contract::{command, option as word};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::request::{about, as_json, option};
use redis::Cmd;

/// The options of `AUTH.REFRESH`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RefreshOptions<'a> {
    /// ACCESS: an access token of the same session, expired or not.
    pub access: Option<&'a str>,
    /// CLIENT: the OAuth client that asks.
    pub client: Option<&'a str>,
    /// META: new notes about the device, a JSON object as text.
    pub meta: Option<&'a str>,
}

impl Hallpass {
    /// `AUTH.REFRESH`: exchanges a refresh token for its successor and a new access token. When no answer comes the
    /// command is sent once more: the module answers a repetition like the first call.
    ///
    /// # Errors
    /// [`CommandError::ReusedToken`] for a token that was exchanged before; its session has been ended.
    /// [`CommandError::InvalidToken`], [`CommandError::ExpiredToken`] and [`CommandError::NoSession`] for one that can
    /// never be exchanged.
    pub async fn refresh(
        &self,
        key: &str,
        token: &str,
        options: &RefreshOptions<'_>,
    ) -> Result<Tokens, CommandError> {
        self.call_repeatable(&refresh_command(key, token, options)).await.and_then(Tokens::read)
    }

    /// `AUTH.REFRESH … FORMAT JSON`: the same, but returns the token response of OAuth 2.0 (RFC 6749 §5.1) as JSON text, to
    /// be sent on.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    pub async fn refresh_json(
        &self,
        key: &str,
        token: &str,
        options: &RefreshOptions<'_>,
    ) -> Result<Vec<u8>, CommandError> {
        self.call_repeatable(as_json(&mut refresh_command(key, token, options))).await
    }
}

fn refresh_command(key: &str, token: &str, options: &RefreshOptions<'_>) -> Cmd {
    let mut command = about(command::REFRESH, key);
    command.arg(token);
    option(&mut command, word::ACCESS, options.access);
    option(&mut command, word::CLIENT, options.client);
    option(&mut command, word::META, options.meta);
    command
}
