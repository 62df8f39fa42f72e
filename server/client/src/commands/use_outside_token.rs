//! `SET … NX`: takes note that an outside token was used, so that it is used once.

use crate::contract::{command, key, option as word};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::request::about;

impl Hallpass {
    /// `SET hallpass:used:<fingerprint> 1 NX EX <lifetime>`: takes note of an outside token for its remaining
    /// `lifetime`, in seconds. Returns whether this is its first use. The caller must not try again when no answer
    /// comes: the token may have been used up.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`].
    pub async fn use_outside_token(&self, fingerprint: &str, lifetime: u64) -> Result<bool, CommandError> {
        let mut command = about(command::SET, &format!("{}{fingerprint}", key::USED));
        command.arg(1).arg(word::NX).arg(word::EX).arg(lifetime);
        // OK, or nil if the key exists.
        self.call(&command).await
    }
}
