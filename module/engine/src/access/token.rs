//! A proven access token, and the checks that depend on the caller and the time.

use crate::login::Login;
use std::fmt;
use std::ops::Range;

/// An access token whose form, key, signature and type are valid. The caller checks time, issuer and audience.
///
/// Its text, its claims set and the parts that are compared often lie in one allocation, so that a cache can hold many.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    pub(super) bytes: Vec<u8>,
    pub(super) text: Range<usize>,
    pub(super) payload: Range<usize>,
    pub(super) sub: Range<usize>,
    pub(super) iss: Option<Range<usize>>,
    pub(super) aud: Audience,
    /// The login that began the session.
    pub login: Login,
    /// The database that the session is in.
    pub database: u32,
    /// The session's generation when the token was minted.
    pub generation: u64,
    /// Version of the claims.
    pub claims_version: u64,
    pub(super) exp: u64,
    pub(super) nbf: Option<u64>,
    pub(super) key_exp: Option<u64>,
}

/// The audience that a token names.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Audience {
    Nobody,
    One(Range<usize>),
    Many(Vec<Range<usize>>),
}

/// The reason for which an authentic token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimsError {
    /// Not for this subject, database, issuer or audience, or not yet valid.
    Invalid,
    /// It has expired.
    Expired,
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "not for this subject, database, issuer or audience, or not yet valid",
            Self::Expired => "the token has expired",
        })
    }
}

impl std::error::Error for ClaimsError {}

/// What an authentic token must contain to be accepted.
#[derive(Clone, Debug)]
pub struct Expectations<'a> {
    /// The user that the key belongs to.
    pub subject: &'a str,
    /// The database that the key is in.
    pub database: u32,
    /// Required issuer.
    pub issuer: Option<&'a str>,
    /// Required audience.
    pub audience: Option<&'a str>,
    /// The time in Unix seconds.
    pub now: u64,
    /// Seconds by which clocks may differ.
    pub leeway: u64,
}

impl AccessToken {
    /// Returns the token as it is sent.
    pub fn text(&self) -> &[u8] {
        &self.bytes[self.text.clone()]
    }

    /// Returns the claims set exactly as signed.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.payload.clone()]
    }

    /// Returns the user.
    pub fn sub(&self) -> &[u8] {
        &self.bytes[self.sub.clone()]
    }

    /// Returns the bytes of memory that it holds besides itself.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Returns whether the key that signed it may still verify at `now` (Unix seconds).
    pub fn key_is_unexpired(&self, now: u64) -> bool {
        self.key_exp.is_none_or(|exp| now < exp)
    }

    /// Checks subject and database, expiry, `nbf`, issuer and audience, in this order.
    ///
    /// # Errors
    /// [`ClaimsError`] of the first check that fails.
    pub fn check(&self, expected: &Expectations<'_>) -> Result<(), ClaimsError> {
        let now = expected.now;
        let has_begun = self.nbf.is_none_or(|nbf| nbf <= now.saturating_add(expected.leeway));
        if self.sub() != expected.subject.as_bytes() || self.database != expected.database {
            Err(ClaimsError::Invalid)
        } else if now >= self.exp.saturating_add(expected.leeway) {
            Err(ClaimsError::Expired)
        } else if has_begun
            && expected.issuer.is_none_or(|issuer| self.is_from(issuer))
            && expected.audience.is_none_or(|audience| self.is_for(audience))
        {
            Ok(())
        } else {
            Err(ClaimsError::Invalid)
        }
    }

    fn is_from(&self, issuer: &str) -> bool {
        self.iss.as_ref().is_some_and(|iss| self.says(iss, issuer))
    }

    fn is_for(&self, audience: &str) -> bool {
        match &self.aud {
            Audience::Nobody => false,
            Audience::One(aud) => self.says(aud, audience),
            Audience::Many(all) => all.iter().any(|aud| self.says(aud, audience)),
        }
    }

    fn says(&self, place: &Range<usize>, text: &str) -> bool {
        self.bytes[place.clone()] == *text.as_bytes()
    }
}

/// Leaves out the text, which is a secret.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("sid", &self.login.sid)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
