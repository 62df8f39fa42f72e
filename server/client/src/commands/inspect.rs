//! `AUTH.INSPECT`: tells what a refresh token would be answered.

use crate::contract::{command, field};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::reply::Fields;
use crate::request::about;

pub use hallpass_engine::inspection::State as TokenState;

/// The reply of `AUTH.INSPECT`. Times are in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// True if AUTH.REFRESH would answer with tokens.
    pub is_active: bool,
    /// Why; `None` for a state that this version does not know.
    pub state: Option<TokenState>,
    /// The subject.
    pub sub: String,
    /// The session's id.
    pub sid: String,
    /// When the session ends unless it is refreshed; `None` if it is gone.
    pub exp: Option<u64>,
    /// When it was last refreshed; `None` if it is gone.
    pub iat: Option<u64>,
    /// The audience.
    pub aud: Option<String>,
    /// The OAuth client that the session is bound to.
    pub client_id: Option<String>,
    /// The claim `scope`.
    pub scope: Option<String>,
}

/// The states, each with its word.
const STATES: [TokenState; 6] = [
    TokenState::Current,
    TokenState::Retry,
    TokenState::Reused,
    TokenState::Ahead,
    TokenState::Gone,
    TokenState::Expired,
];

impl Hallpass {
    /// `AUTH.INSPECT`: returns what a refresh token would be answered, without exchanging it.
    ///
    /// # Errors
    /// [`CommandError::InvalidToken`] for what is not a refresh token of this subject.
    pub async fn inspect(&self, key: &str, token: &str) -> Result<Inspected, CommandError> {
        self.call(about(command::INSPECT, key).arg(token)).await.and_then(Inspected::read)
    }
}

impl Inspected {
    fn read(mut reply: Fields) -> Result<Self, CommandError> {
        let word: String = reply.take(field::STATE)?;
        Ok(Self {
            is_active: reply.take(field::ACTIVE)?,
            state: STATES.into_iter().find(|state| state.name() == word),
            sub: reply.take(field::SUB)?,
            sid: reply.take(field::SID)?,
            exp: reply.take(field::EXP)?,
            iat: reply.take(field::IAT)?,
            aud: reply.take(field::AUD)?,
            client_id: reply.take(field::CLIENT_ID)?,
            scope: reply.take(field::SCOPE)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_may_be_absent_and_what_must_be_there_may_not() {
        let gone = "$6\r\nactive\r\n#f\r\n$5\r\nstate\r\n$4\r\ngone\r\n$3\r\nsub\r\n$1\r\nu\r\n$3\r\nsid\r\n$1\r\ns\r\n";
        let read = |reply: &str| Inspected::read(Fields::parse(reply));
        let inspected = read(&format!("%4\r\n{gone}")).expect("complete");
        assert_eq!(
            (inspected.is_active, inspected.state, inspected.exp, inspected.sid.as_str()),
            (false, Some(TokenState::Gone), None, "s")
        );
        assert!(read("%1\r\n$6\r\nactive\r\n#f\r\n").is_err());
    }
}
