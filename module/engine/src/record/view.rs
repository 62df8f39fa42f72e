//! A view of a record: the parts that verification, limits, lists and revocations need, without a copy of the rest.

use super::elements::{DecodeError, Elements};
use crate::login::Login;
use std::cmp::Ordering;
use std::fmt;

/// Part of a record, borrowed from the bytes it is stored in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordView<'v> {
    /// As in [`Session`](super::Session).
    pub generation: u64,
    /// As in [`Session`](super::Session).
    pub rotated_at: u64,
    /// As in [`Session`](super::Session).
    pub claims_version: u64,
    /// As in [`Session`](super::Session).
    pub class: Option<&'v str>,
    issued_at: u64,
    end: u64,
}

impl<'v> RecordView<'v> {
    /// Reads a record.
    ///
    /// # Errors
    /// [`DecodeError`] for exactly the bytes that [`Session::decode`](super::Session::decode) refuses.
    pub fn read(mut value: &'v [u8]) -> Result<Self, DecodeError> {
        let mut elements = Elements::open(&mut value)?;
        let [generation, issued_at, rotated_at, idle_expiry, absolute_expiry] = elements.fixed()?;
        let claims_version = elements.number()?.unwrap_or(0);
        let _ttls = (elements.number()?, elements.number()?);
        let _client_and_audience = (elements.text()?, elements.text()?);
        let class = elements.text()?;
        let _meta_and_claims = (elements.text()?, elements.text()?);
        let _public_shared_and_auth_time = (elements.flag()?, elements.number()?, elements.number()?);
        elements.rest()?;
        let end = idle_expiry.min(absolute_expiry);
        Ok(Self { generation, rotated_at, claims_version, class, issued_at, end })
    }

    /// Returns the same as [`Session::is_over`](super::Session::is_over).
    pub fn is_over(&self, now: u64, not_before: u64) -> bool {
        now >= self.end || self.issued_at < not_before
    }

    /// Returns when it ends unless it is refreshed, in Unix ms.
    pub fn ends_at(&self) -> u64 {
        self.end
    }

    /// Returns when the generation of a verified token began, in Unix ms, if its receipt may matter: if it is the
    /// current one, or one that the store has lost, for which `now` is the best guess.
    pub fn receipt(&self, generation: u64, now: u64) -> Option<u64> {
        match generation.cmp(&self.generation) {
            Ordering::Less => None,
            Ordering::Equal => Some(self.rotated_at),
            Ordering::Greater => Some(now),
        }
    }

    /// Returns the same as [`Session::is_of`](super::Session::is_of).
    pub fn is_of(&self, login: &Login) -> bool {
        self.issued_at == login.issued_at
    }

    /// Checks at `now` (Unix ms) that the session backs an access token of this login and claims version. The token's
    /// generation does not count: one ahead of the record shows that the store rolled back, and the next refresh
    /// repairs it.
    ///
    /// # Errors
    /// [`SessionError`] of the first check that fails.
    pub fn check(
        &self,
        login: &Login,
        claims_version: u64,
        now: u64,
        not_before: u64,
    ) -> Result<(), SessionError> {
        if !self.is_of(login) {
            Err(SessionError::Missing)
        } else if self.is_over(now, not_before) {
            Err(SessionError::Expired)
        } else if self.claims_version != claims_version {
            Err(SessionError::Stale)
        } else {
            Ok(())
        }
    }
}

/// The reason for which a session does not back an authentic access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionError {
    /// This is a later session with the same id.
    Missing,
    /// The session has ended.
    Expired,
    /// Its claims changed since the token was minted.
    Stale,
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the session does not exist",
            Self::Expired => "the session has ended",
            Self::Stale => "the claims have changed",
        })
    }
}

impl std::error::Error for SessionError {}
