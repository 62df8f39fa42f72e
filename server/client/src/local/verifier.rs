//! Verifies tokens here, and asks Redis where that is needed.

use super::answers::Ticket;
use super::link::{Link, is_away};
use super::moment::Moment;
use super::question::Question;
use super::store::Kept;
use crate::commands::verify_command;
use crate::error::CommandError;
use crate::failover::may_be_answered_elsewhere;
use crate::hallpass::Hallpass;
use crate::sending::checked;
use crate::subject_keys::SubjectKeys;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisResult, Value};
use serde::Deserialize;
use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::pin::pin;
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

/// A valid token, as it was read.
#[derive(Debug)]
pub struct Verified<T> {
    /// What was read.
    pub value: Arc<T>,
    /// True when Redis is away, so that the token may have been revoked meanwhile.
    pub is_stale: bool,
}

/// A claims set, a JSON object as text, exactly as signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims(Box<str>);

/// Why a token was not found valid, and whether that is because Redis gave no answer.
struct Failure {
    error: CommandError,
    is_away: bool,
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
        let asked = Asked::new(keys, token, audience);
        if let Some(kept) = self.kept(&asked, |link| asked.find(link)) {
            return Ok(kept);
        }
        self.ask(&asked).await.map_err(|failure| failure.error)
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
        let asked = Asked::new(keys, token, audience);
        let fresh = |value| Verified { value, is_stale: false };
        let stale = |value| Verified { value, is_stale: true };
        if let Some(kept) = self.kept(&asked, |link| asked.find(link)) {
            return Ok(fresh(kept));
        }
        // Nobody waits for a node that is known to be away.
        let if_away = |link: &Link| link.is_away().then(|| asked.find_stale(link)).flatten();
        if let Some(kept) = self.kept(&asked, if_away) {
            return Ok(stale(kept));
        }
        match self.ask(&asked).await {
            Ok(value) => Ok(fresh(value)),
            Err(Failure { error, is_away: false }) => Err(error),
            Err(Failure { error, is_away: true }) => {
                self.kept(&asked, |link| asked.find_stale(link)).map(stale).ok_or(error)
            }
        }
    }

    /// Returns what `find` finds among what is kept of the node in charge.
    fn kept(&self, asked: &Asked<'_>, find: impl FnOnce(&Link) -> Option<Arc<dyn Kept>>) -> Option<Arc<T>> {
        let kept = self.hallpass.with_link(|| asked.key(), |link| find(link))??;
        (kept as Arc<dyn Any + Send + Sync>).downcast().ok()
    }

    /// Asks Redis, and keeps the answer where that is allowed.
    async fn ask(&self, asked: &Asked<'_>) -> Result<Arc<T>, Failure> {
        let invalid = Failure { error: CommandError::InvalidToken, is_away: false };
        let key = asked.key().ok_or(invalid)?;
        let command = verify_command(&key, asked.token, asked.audience);
        let link = self.hallpass.with_link(|| Some(key.clone()), Arc::clone);
        if link.as_ref().is_some_and(|link| link.is_demoted()) {
            self.hallpass.connection.look_up();
        }
        let allowed = link.as_ref().and_then(|link| link.ask(&asked.question, &key));
        let mut course = Course { ticket: None, is_away: true };
        let answer: Result<String, CommandError> = {
            let sent = pin!(self.send(&command, allowed, &mut course));
            self.hallpass.timed(&command, sent).await
        };
        let answer = answer.and_then(|claims| self.read(&claims));
        let store = link.as_ref().map(|link| link.store());
        match answer {
            Ok(Read { value, expires }) => {
                let value = Arc::new(value);
                if let (Some(store), Some(ticket)) = (store, course.ticket) {
                    store.keep(ticket, asked.question, expires, value.clone());
                }
                Ok(value)
            }
            Err(error) => {
                self.hallpass.report(&error);
                let is_away = course.is_away;
                if let Some(store) = store.filter(|_| !is_away) {
                    store.forget(&asked.question);
                }
                Err(Failure { error, is_away })
            }
        }
    }

    /// Sends the command over the connection that listens, or else in the ordinary way.
    async fn send(
        &self,
        command: &Cmd,
        allowed: Option<(Ticket, MultiplexedConnection)>,
        course: &mut Course,
    ) -> RedisResult<Value> {
        let mut answer = None;
        if let Some((ticket, mut connection)) = allowed {
            answer = Some(connection.send_packed_command(command).await.and_then(checked));
            answer.take_if(|answer| matches!(answer, Err(error) if may_be_answered_elsewhere(error)));
            course.ticket = answer.is_some().then_some(ticket);
        }
        let answer = match answer {
            Some(answer) => answer,
            None => self.hallpass.connection.send(command).await,
        };
        course.is_away = matches!(&answer, Err(error) if is_away(error));
        answer
    }

    fn read(&self, claims: &str) -> Result<Read<T>, CommandError> {
        let unexpected = CommandError::unexpected_answer;
        let Expiry { exp } = serde_json::from_str(claims).map_err(|_| unexpected())?;
        let value = (self.read)(claims).ok_or_else(unexpected)?;
        Ok(Read { value, expires: exp })
    }
}

/// A token and what is asked about it.
struct Asked<'a> {
    keys: &'a SubjectKeys,
    token: &'a str,
    audience: Option<&'a str>,
    question: Question,
}

impl<'a> Asked<'a> {
    fn new(keys: &'a SubjectKeys, token: &'a str, audience: Option<&'a str>) -> Self {
        Self { keys, token, audience, question: Question::verify(token, audience) }
    }

    /// Returns the key of the subject that the token names.
    fn key(&self) -> Option<String> {
        self.keys.of_token(self.token)
    }

    fn find(&self, link: &Link) -> Option<Arc<dyn Kept>> {
        link.store().get(&self.question, Moment::now())
    }

    fn find_stale(&self, link: &Link) -> Option<Arc<dyn Kept>> {
        link.store().get_stale(&self.question, Moment::now())
    }
}

/// How a question went.
struct Course {
    /// What allows the answer to be kept, if it came over the connection that listens.
    ticket: Option<Ticket>,
    /// True when no answer came, or one that says nothing.
    is_away: bool,
}

/// A claims set that was read.
struct Read<T> {
    value: T,
    /// In seconds since 1970.
    expires: u64,
}

/// The one claim that matters here.
#[derive(Deserialize)]
struct Expiry {
    exp: u64,
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
