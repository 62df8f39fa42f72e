//! Verifies tokens here, and asks Redis where that is needed.

use super::asking::{Asking, Command, Read, Verified};
use super::question::Question;
use super::store::Kept;
use crate::commands::{Inspected, inspect_command, verify_command};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::reply::Fields;
use crate::subject_keys::SubjectKeys;
use redis::Cmd;
use serde::Deserialize;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Verifies access tokens: by what Redis answered before, where nothing has changed since, or else by `AUTH.VERIFY`.
///
/// A revocation counts within milliseconds. It counts within a second where the network swallows packets; so do reloads of
/// the keyring, settings, and keys that expire. The first time each token is asked about, and after a minute again.
pub struct Verifier<T = Claims> {
    hallpass: Arc<Hallpass>,
    read: Box<ReadClaims<T>>,
}

/// Makes what is kept of a claims set, a JSON object as text; `None` when it lacks something.
type ReadClaims<T> = dyn Fn(&str) -> Option<T> + Send + Sync;

/// A claims set, a JSON object as text, exactly as signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims(Box<str>);

/// `AUTH.VERIFY`
struct Verify<'a, T> {
    token: &'a str,
    audience: Option<&'a str>,
    read: &'a ReadClaims<T>,
}

/// `AUTH.INSPECT … WITHCLAIMS`
struct Inspect<'a>(&'a str);

/// The one claim that matters here.
#[derive(Deserialize)]
struct Expiry {
    exp: u64,
}

impl Verifier {
    /// Verifies tokens of `hallpass`, and hands out their claims.
    pub fn new(hallpass: Arc<Hallpass>) -> Self {
        Self::reading(hallpass, |claims| Some(Claims(claims.into())))
    }
}

impl<T: Kept> Verifier<T> {
    /// The same, but hands out what `read` makes of the claims, once for each answer of Redis. All verifiers of one
    /// [`Hallpass`] share what is kept, so they should read the same.
    pub fn reading(
        hallpass: Arc<Hallpass>,
        read: impl Fn(&str) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        Self { hallpass, read: Box::new(read) }
    }

    /// Verifies an access token of a subject with one of these keys. It must be meant for `audience`, or for the one that
    /// the module is configured with.
    ///
    /// # Errors
    /// As [`Hallpass::verify`].
    pub async fn verify(
        &self,
        keys: &SubjectKeys,
        token: &str,
        audience: Option<&str>,
    ) -> Result<Arc<T>, CommandError> {
        Asking::new(&self.hallpass, keys, self.command(token, audience)).answer().await
    }

    /// The same, but while Redis is away lets pass what it answered before, for as long as
    /// [`VerifyCache::stale_if_error`](crate::VerifyCache::stale_if_error) says.
    ///
    /// # Errors
    /// As [`Hallpass::verify`].
    pub async fn verify_or_stale(
        &self,
        keys: &SubjectKeys,
        token: &str,
        audience: Option<&str>,
    ) -> Result<Verified<T>, CommandError> {
        Asking::new(&self.hallpass, keys, self.command(token, audience)).answer_or_stale().await
    }

    /// Tells, in the same way, what a refresh token would be answered, with the session's claims. What is known of the
    /// current one is kept until [`Inspected::renewal_at`].
    ///
    /// # Errors
    /// As [`Hallpass::inspect`].
    pub async fn inspect_or_stale(
        &self,
        keys: &SubjectKeys,
        token: &str,
    ) -> Result<Verified<Inspected>, CommandError> {
        Asking::new(&self.hallpass, keys, Inspect(token)).answer_or_stale().await
    }

    fn command<'a>(&'a self, token: &'a str, audience: Option<&'a str>) -> Verify<'a, T> {
        Verify { token, audience, read: &*self.read }
    }
}

impl<T: Kept> Command for Verify<'_, T> {
    type Reply = String;
    type Value = T;

    fn token(&self) -> &str {
        self.token
    }

    fn question(&self) -> Question {
        Question::verify(self.token, self.audience)
    }

    fn write(&self, key: &str) -> Cmd {
        verify_command(key, self.token, self.audience)
    }

    fn read(&self, claims: String) -> Result<Read<T>, CommandError> {
        let unexpected = CommandError::unexpected_answer;
        let Expiry { exp } = serde_json::from_str(&claims).map_err(|_| unexpected())?;
        let value = (self.read)(&claims).ok_or_else(unexpected)?;
        Ok(Read { value, holds_until: Some(exp) })
    }
}

impl Command for Inspect<'_> {
    type Reply = Fields;
    type Value = Inspected;

    fn token(&self) -> &str {
        self.0
    }

    fn question(&self) -> Question {
        Question::inspect(self.0)
    }

    fn write(&self, key: &str) -> Cmd {
        inspect_command(key, self.0, true)
    }

    fn read(&self, reply: Fields) -> Result<Read<Inspected>, CommandError> {
        let value = Inspected::read(reply)?;
        Ok(Read { holds_until: value.renewal_at(), value })
    }
}

impl Deref for Claims {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Kept for Claims {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.0.len()
    }
}

impl Kept for Inspected {
    fn bytes(&self) -> usize {
        let texts = [&self.aud, &self.client_id, &self.scope, &self.claims];
        let optional: usize = texts.into_iter().flatten().map(String::len).sum();
        size_of::<Self>() + self.sub.len() + self.sid.len() + optional
    }
}
