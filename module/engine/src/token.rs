//! What both kinds of token have in common.

use crate::base64url::decode;
use crate::json;
use serde::Deserialize;

/// First part of every refresh token of this version: secret scanners can know it.
pub const REFRESH_PREFIX: &str = "hp1";

/// Longer tokens are refused unread.
pub const MAX_BYTES: usize = 8 * 1024;

/// The header member `typ` of access tokens. Both are accepted, whichever is set, since our keys sign nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenType {
    /// RFC 9068 §2.1.
    #[default]
    AtJwt,
    /// RFC 7519 §5.1: for verifiers that take nothing else.
    Jwt,
}

impl TokenType {
    /// Every type.
    pub const ALL: [Self; 2] = [Self::AtJwt, Self::Jwt];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AtJwt => "at+jwt",
            Self::Jwt => "JWT",
        }
    }

    /// The type of this word.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

/// The subject that a refresh token or an access token names, unverified: it serves to find the Redis key, and the
/// command then checks the token against that key. `None` for what is neither.
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
