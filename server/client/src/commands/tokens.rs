//! The reply of `AUTH.ISSUE` and `AUTH.REFRESH`.

use crate::contract::field;
use crate::error::CommandError;
use crate::reply::Fields;

/// The tokens of a session. Lifetimes are in seconds.
pub struct Tokens {
    /// The access token, a JWT.
    pub access_token: String,
    /// Its remaining lifetime.
    pub expires_in: u64,
    /// The refresh token.
    pub refresh_token: String,
    /// Its remaining lifetime.
    pub refresh_expires_in: u64,
    /// The session's id.
    pub session_id: String,
    /// The sessions that ended because of a limit; only `AUTH.ISSUE` answers with it.
    pub evicted: Option<Vec<String>>,
}

impl Tokens {
    pub(super) fn read(mut reply: Fields) -> Result<Self, CommandError> {
        Ok(Self {
            access_token: reply.take(field::ACCESS_TOKEN)?,
            expires_in: reply.take(field::EXPIRES_IN)?,
            refresh_token: reply.take(field::REFRESH_TOKEN)?,
            refresh_expires_in: reply.take(field::REFRESH_EXPIRES_IN)?,
            session_id: reply.take(field::SESSION_ID)?,
            evicted: reply.take(field::EVICTED)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_evicted_sessions_must_be_there() {
        let fields = "$12\r\naccess_token\r\n$1\r\na\r\n$10\r\nexpires_in\r\n:900\r\n$13\r\nrefresh_token\r\n$1\r\nr\r\n\
                      $18\r\nrefresh_expires_in\r\n:7\r\n$10\r\nsession_id\r\n$1\r\ns\r\n";
        let tokens = Tokens::read(Fields::parse(&format!("%5\r\n{fields}"))).expect("tokens");
        assert_eq!((tokens.expires_in, tokens.refresh_expires_in, tokens.evicted), (900, 7, None));
        assert!(Tokens::read(Fields::parse("%0\r\n")).is_err());
    }
}
