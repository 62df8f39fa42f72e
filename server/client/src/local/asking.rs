//! Asks Redis about a token where no kept answer holds, and keeps what it answers.

use super::answers::Ticket;
use super::link::{Link, is_away};
use super::moment::Moment;
use super::question::Question;
use super::store::Kept;
use crate::error::CommandError;
use crate::failover::may_be_answered_elsewhere;
use crate::hallpass::Hallpass;
use crate::shared_connection::checked;
use crate::subject_keys::SubjectKeys;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, RedisResult, Value};
use std::any::Any;
use std::pin::pin;
use std::sync::Arc;

/// A command about a token.
pub trait Command: Sync {
    /// What Redis answers.
    type Reply: FromRedisValue + Send;
    /// What is made of that.
    type Value: Kept;

    /// Returns the token.
    fn token(&self) -> &str;
    /// Returns what the answer depends on.
    fn question(&self) -> Question;
    /// Writes the command, with the key of the token's subject.
    fn write(&self, key: &str) -> Cmd;
    /// Reads the answer.
    fn read(&self, reply: Self::Reply) -> Result<Read<Self::Value>, CommandError>;
}

/// An answer that was read.
pub struct Read<T> {
    /// What was made of it.
    pub value: T,
    /// Until when it may be kept, in seconds since 1970; `None` if it is not kept.
    pub holds_until: Option<u64>,
}

/// What is known of a token.
#[derive(Debug)]
pub struct Verified<T> {
    /// What was read.
    pub value: Arc<T>,
    /// True when Redis is away, so that the token may have been revoked meanwhile.
    pub is_stale: bool,
}

/// A command that is to be answered.
pub struct Asking<'a, C> {
    hallpass: &'a Hallpass,
    keys: &'a SubjectKeys,
    command: C,
    question: Question,
}

/// Why there is no value, and whether that is because Redis gave no answer.
struct Failure {
    error: CommandError,
    is_away: bool,
}

/// How a question went.
struct Course {
    /// What allows the answer to be kept, if it came over the connection that listens.
    ticket: Option<Ticket>,
    /// True when no answer came, or one that says nothing.
    is_away: bool,
}

impl<'a, C: Command> Asking<'a, C> {
    /// Asks about a token of a subject with one of these keys.
    pub fn new(hallpass: &'a Hallpass, keys: &'a SubjectKeys, command: C) -> Self {
        let question = command.question();
        Self { hallpass, keys, command, question }
    }

    /// Returns the kept answer if it holds, or else the one of Redis.
    pub async fn answer(&self) -> Result<Arc<C::Value>, CommandError> {
        if let Some(kept) = self.kept(|link| self.find(link)) {
            return Ok(kept);
        }
        self.ask().await.map_err(|failure| failure.error)
    }

    /// The same, but while Redis is away lets pass what it answered before.
    pub async fn answer_or_stale(&self) -> Result<Verified<C::Value>, CommandError> {
        let fresh = |value| Verified { value, is_stale: false };
        let stale = |value| Verified { value, is_stale: true };
        if let Some(kept) = self.kept(|link| self.find(link)) {
            return Ok(fresh(kept));
        }
        // Nobody waits for a node that is known to be away: it answers on no connection.
        let if_away = |link: &Link| link.is_away().then(|| self.find_stale(link)).flatten();
        if self.is_silent()
            && let Some(kept) = self.kept(if_away)
        {
            return Ok(stale(kept));
        }
        match self.ask().await {
            Ok(value) => Ok(fresh(value)),
            Err(Failure { error, is_away: false }) => Err(error),
            Err(Failure { error, is_away: true }) => {
                self.kept(|link| self.find_stale(link)).map(stale).ok_or(error)
            }
        }
    }

    /// Returns what `find` finds among what is kept of the node in charge.
    fn kept(&self, find: impl FnOnce(&Link) -> Option<Arc<dyn Kept>>) -> Option<Arc<C::Value>> {
        let kept = self.hallpass.with_link(|| self.key(), |link| find(link))??;
        (kept as Arc<dyn Any + Send + Sync>).downcast().ok()
    }

    /// Asks Redis, and keeps the answer where that is allowed.
    async fn ask(&self) -> Result<Arc<C::Value>, Failure> {
        let invalid = Failure { error: CommandError::InvalidToken, is_away: false };
        let key = self.key().ok_or(invalid)?;
        let command = self.command.write(&key);
        let link = self.hallpass.with_link(|| Some(key.clone()), Arc::clone);
        if link.as_ref().is_some_and(|link| link.is_demoted()) {
            self.hallpass.connection.look_up();
        }
        let allowed = link.as_ref().and_then(|link| link.ask(&self.question, &key));
        let mut course = Course { ticket: None, is_away: true };
        let reply: Result<C::Reply, CommandError> = {
            let sent = pin!(self.send(&command, allowed, &mut course));
            self.hallpass.timed(&command, sent).await
        };
        match reply.and_then(|reply| self.command.read(reply)) {
            Ok(read) => Ok(self.keep(link.as_deref(), course, read)),
            Err(error) => {
                self.hallpass.report(&error);
                let is_away = course.is_away;
                if let Some(link) = link.filter(|_| !is_away) {
                    link.store().forget(&self.question);
                }
                Err(Failure { error, is_away })
            }
        }
    }

    /// Keeps a value if it may be kept, and returns it.
    fn keep(&self, link: Option<&Link>, course: Course, read: Read<C::Value>) -> Arc<C::Value> {
        let value = Arc::new(read.value);
        match (link, read.holds_until, course.ticket) {
            (Some(link), Some(until), Some(ticket)) => {
                link.store().keep(ticket, self.question, until, value.clone());
            }
            (Some(link), None, _) => link.store().forget(&self.question),
            (None, _, _) | (_, Some(_), None) => {}
        }
        value
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

    /// Returns whether the node in charge gave no answer last.
    fn is_silent(&self) -> bool {
        self.hallpass.connection.with_node(|| self.key(), |node| node.is_silent()).unwrap_or(false)
    }

    /// Returns the key of the subject that the token names.
    fn key(&self) -> Option<String> {
        self.keys.of_token(self.command.token())
    }

    fn find(&self, link: &Link) -> Option<Arc<dyn Kept>> {
        link.store().get(&self.question, Moment::now())
    }

    fn find_stale(&self, link: &Link) -> Option<Arc<dyn Kept>> {
        link.store().get_stale(&self.question, Moment::now())
    }
}
