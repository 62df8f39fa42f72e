//! The parts that both kinds of token share.

use crate::base64url::decode;
use crate::json;
use serde::Deserialize;

/// First part of every refresh token of this version, for secret scanners to recognise.
pub const REFRESH_PREFIX: &str = "hp1";

/// The longest token; longer ones are refused unread.
pub const MAX_BYTES: usize = 8 * 1024;

/// The header member `typ` of access tokens. Both values are always accepted, since our keys sign nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenType {
    /// RFC 9068 §2.1.
    #[default]
    AtJwt,
    /// RFC 7519 §5.1: for verifiers that accept nothing else.
    Jwt,
}

impl TokenType {
    /// Every type.
    pub const ALL: [Self; 2] = [Self::AtJwt, Self::Jwt];

    /// Returns its name in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::AtJwt => "at+jwt",
            Self::Jwt => "JWT",
        }
    }

    /// Returns the type with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

/// Returns the subject that a refresh token or an access token names, unverified: it names the Redis key, and the
/// command then checks the token against that key. `None` if the text is neither.
pub fn subject(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Payload {
        sub: String,
    }
    if token.len() > MAX_BYTES {
        return None;
    }
    let mut parts = token.split('.');
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    match (first, parts.count()) {
        (REFRESH_PREFIX, 3) => String::from_utf8(decode(third)?).ok(),
        (_, 0) => json::object::<Payload>(&decode(second)?).map(|payload| payload.sub),
        _ => None,
    }
}
