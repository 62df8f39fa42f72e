//! `AUTH.SETCLAIMS`: replaces the custom claims of sessions.

use crate::contract::{command, option as word};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::request::about;

impl Hallpass {
    /// `AUTH.SETCLAIMS`: replaces the custom claims of all of the subject's sessions, or of the one of this id, and
    /// returns how many that were: 0 for what is not a session id. Access tokens from before are stale until they are
    /// refreshed.
    ///
    /// # Errors
    /// [`CommandError::Rejected`] for claims that are not a JSON object, or that set a reserved one.
    pub async fn set_claims(&self, key: &str, sid: Option<&str>, claims: &str) -> Result<u64, CommandError> {
        // The command takes an id or the keyword ALL, which a caller must not inject here.
        if sid.is_some_and(|sid| sid.eq_ignore_ascii_case(word::ALL)) {
            return Ok(0);
        }
        self.call(about(command::SETCLAIMS, key).arg(sid.unwrap_or(word::ALL)).arg(claims)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    #[tokio::test]
    async fn the_word_for_all_sessions_is_not_an_id() {
        let address = Address::parse("unix:/nonexistent/redis.sock").expect("an address");
        let hallpass = Hallpass::new(&address).expect("a client");
        for sid in ["ALL", "all"] {
            assert_eq!(hallpass.set_claims("auth:42", Some(sid), "{}").await, Ok(0));
        }
        let sent = hallpass.set_claims("auth:42", None, "{}").await;
        assert!(matches!(sent, Err(CommandError::Unavailable(_))), "{sent:?}");
    }
}
