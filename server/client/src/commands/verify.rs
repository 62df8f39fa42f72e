//! `AUTH.VERIFY`: checks an access token and its session.

use crate::contract::{command, option as word};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::request::{about, option};
use redis::Cmd;

/// The audience that stands for every one.
pub const ANY_AUDIENCE: &str = "*";

impl Hallpass {
    /// `AUTH.VERIFY`: returns the claims of a valid access token, a JSON object as text, exactly as signed. The token
    /// must be meant for `audience`, or for the one that the module is configured with. Asks Redis each time; a
    /// [`Verifier`](crate::Verifier) does not.
    ///
    /// # Errors
    /// [`CommandError::InvalidToken`], [`CommandError::ExpiredToken`], [`CommandError::NoSession`], and
    /// [`CommandError::StaleToken`] for a token that only needs to be refreshed.
    pub async fn verify(
        &self,
        key: &str,
        token: &str,
        audience: Option<&str>,
    ) -> Result<String, CommandError> {
        self.call(&verify_command(key, token, audience)).await
    }
}

/// Writes the command.
pub(crate) fn verify_command(key: &str, token: &str, audience: Option<&str>) -> Cmd {
    let mut command = about(command::VERIFY, key);
    command.arg(token);
    option(&mut command, word::AUDIENCE, audience);
    command
}
