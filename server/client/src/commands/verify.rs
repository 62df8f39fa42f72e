//! `AUTH.VERIFY`: checks an access token and its session.

use crate::contract::{command, option as word};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::request::{about, option};

/// The audience that stands for every one.
pub const ANY_AUDIENCE: &str = "*";

impl Hallpass {
    /// `AUTH.VERIFY`: returns the claims of a valid access token, a JSON object as text, exactly as signed. The token
    /// must be meant for `audience`, or for the one that the module is configured with.
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
        let mut command = about(command::VERIFY, key);
        command.arg(token);
        option(&mut command, word::AUDIENCE, audience);
        self.call(&command).await
    }
}
