//! `AUTH.INSPECT`: tells what a refresh token would be answered.

use crate::contract::{command, field, option as word};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::reply::Fields;
use crate::request::about;
use redis::Cmd;

pub use hallpass_engine::inspection::State as TokenState;

/// The reply of `AUTH.INSPECT`. Times are in Unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// The OAuth client of the session.
    pub client_id: Option<String>,
    /// The claim `scope`.
    pub scope: Option<String>,
    /// When the user authenticated; `None` if the session is gone.
    pub auth_time: Option<u64>,
    /// The session's generation; `None` if it is gone.
    pub generation: Option<u64>,
    /// When the access token expires that came with the session's last refresh; `None` if the session is gone.
    pub access_expires_at: Option<u64>,
    /// True if the session answers only to its client.
    pub is_bound: bool,
    /// The custom claims as JSON text, if they were asked for.
    pub claims: Option<String>,
}

/// The states, each with its word.
const STATES: [TokenState; 7] = [
    TokenState::Current,
    TokenState::Retry,
    TokenState::Shared,
    TokenState::Reused,
    TokenState::Ahead,
    TokenState::Gone,
    TokenState::Expired,
];

impl Hallpass {
    /// `AUTH.INSPECT`: returns what a refresh token would be answered, without exchanging it, with the session's claims if
    /// these are wanted.
    ///
    /// # Errors
    /// [`CommandError::InvalidToken`] for what is not a refresh token of this subject.
    pub async fn inspect(
        &self,
        key: &str,
        token: &str,
        with_claims: bool,
    ) -> Result<Inspected, CommandError> {
        self.call(&inspect_command(key, token, with_claims)).await.and_then(Inspected::read)
    }

    /// `AUTH.INSPECT … WITHCLAIMS FORMAT JSON`: the same as a JSON object.
    ///
    /// # Errors
    /// [`CommandError::InvalidToken`] for what is not a refresh token of this subject.
    pub async fn inspect_as_json(&self, key: &str, token: &str) -> Result<String, CommandError> {
        let mut command = about(command::INSPECT, key);
        command.arg(token).arg(word::WITHCLAIMS).arg(word::FORMAT).arg(word::JSON);
        self.call(&command).await
    }
}

/// Writes the command.
pub(crate) fn inspect_command(key: &str, token: &str, with_claims: bool) -> Cmd {
    let mut command = about(command::INSPECT, key);
    command.arg(token).arg(with_claims.then_some(word::WITHCLAIMS));
    command
}

impl Inspected {
    /// Returns when a session cookie with this token is to be renewed at the earliest; `None` if the token is not the
    /// session's current one.
    pub fn renewal_at(&self) -> Option<u64> {
        let is_current = self.is_active && self.state == Some(TokenState::Current);
        Some(self.access_expires_at?.min(self.quarter_at()?)).filter(|_| is_current)
    }

    /// Returns when a quarter of the time has passed for which the session may be idle.
    pub fn quarter_at(&self) -> Option<u64> {
        const QUARTER: u64 = 4;
        Some(self.iat? + self.exp?.saturating_sub(self.iat?) / QUARTER)
    }

    pub(crate) fn read(mut reply: Fields) -> Result<Self, CommandError> {
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
            auth_time: reply.take(field::AUTH_TIME)?,
            generation: reply.take(field::GEN)?,
            access_expires_at: reply.take(field::ACCESS_EXPIRES_AT)?,
            is_bound: reply.take::<Option<bool>>(field::BOUND)?.unwrap_or(false),
            claims: reply.take(field::CLAIMS)?,
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

    #[test]
    fn a_renewal_is_due_when_the_access_token_has_expired_or_a_quarter_of_the_idle_time_has_passed() {
        let current = Inspected {
            is_active: true,
            state: Some(TokenState::Current),
            iat: Some(1000),
            exp: Some(1400),
            access_expires_at: Some(1030),
            ..Inspected::default()
        };
        assert_eq!((current.quarter_at(), current.renewal_at()), (Some(1100), Some(1030)));
        let slow = Inspected { access_expires_at: Some(1300), ..current.clone() };
        assert_eq!(slow.renewal_at(), Some(1100));
        let old = Inspected { state: Some(TokenState::Retry), ..current.clone() };
        let reused = Inspected { is_active: false, ..current };
        assert_eq!((old.renewal_at(), reused.renewal_at()), (None, None));
    }
}
