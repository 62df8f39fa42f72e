//! The rules of local verification, without connection, clock or lock: which answers of one connection are kept, and when
//! a kept one still holds.
//!
//! Redis pushes a message to the connection when a key that it has read changes. All that comes over the connection comes
//! in order, but an answer waits for the task that asked for it, while pushes are applied where they are read. So a push
//! may be applied before the answer that it makes void. Hence an answer is kept only if, between question and answer,
//! - no push for its subject came: the subject's *epoch* is the same;
//! - nothing came that makes every answer void, such as a new connection: the *round* is the same.
//!
//! A kept answer holds while the newest answered heartbeat was sent a moment ago: whatever Redis pushed before it answered
//! that heartbeat has been applied. So a revocation is missed for no longer than that, even if the network swallows the
//! push.

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use super::moment::Moment;
use super::question::Question;
use crate::limits::{KEEP, TRUST};
use lru::LruCache;
use std::collections::BTreeSet;
use std::time::Duration;

/// A subject's Redis key, hashed. Two keys with the same hash are dropped together, which only costs a question more.
pub type Subject = u64;

/// What a kept answer takes besides its value: its question three times, the links of the two indexes, and what the
/// allocator adds.
pub const OVERHEAD: usize = 240;

/// Epochs that subjects share: one more push for another subject only means that an answer is not kept.
pub const EPOCHS: usize = 1024;

/// The state of a node as a heartbeat found it, except for the time. When it changes, everything kept is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// True for a primary.
    pub is_primary: bool,
    /// `verify_epoch`: changes with settings and keys.
    pub verify_epoch: u64,
    /// A hash of who owns which slots, in a cluster.
    pub slots: u64,
}

/// An answered heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Beat {
    /// When it was sent.
    pub sent: Moment,
    /// The server's clock, as nanoseconds since 1970 minus `sent`: at most this much ahead, since the server read its clock
    /// after that.
    pub clock: i64,
    /// What the node is.
    pub standing: Standing,
    /// False while the node refuses commands about keys, as in a cluster that is down.
    pub is_serving: bool,
}

impl Beat {
    /// Returns whether answers of this node may be kept.
    fn may_be_trusted(&self) -> bool {
        self.standing.is_primary && self.is_serving
    }
}

/// What a question remembers until its answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    subject: Subject,
    epoch: u32,
    round: u64,
    asked: Moment,
}

/// Kept answers of one connection at a time.
#[derive(Clone)]
pub struct Answers<T> {
    /// How old an answer may be that passes while Redis is away; zero if none does.
    stale: Duration,
    /// The bytes that kept answers may take, and those that they take.
    limit: usize,
    bytes: usize,
    /// Grows with everything that makes all earlier answers void.
    round: u64,
    /// The number of the connection; `None` when it is lost.
    connection: Option<u64>,
    /// The newest answered heartbeat of any connection.
    beat: Option<Beat>,
    epochs: Box<[u32]>,
    /// The oldest comes first: it is looked at without being moved to the end.
    entries: LruCache<Question, Entry<T>>,
    by_subject: BTreeSet<(Subject, Question)>,
}

/// A kept answer.
#[derive(Clone)]
struct Entry<T> {
    value: T,
    subject: Subject,
    asked: Moment,
    /// In nanoseconds since 1970, by the server's clock.
    expires: i64,
    bytes: usize,
}

impl<T> Answers<T> {
    /// Begins without a connection, and with room for nothing. While Redis is away, answers pass that are less than `stale`
    /// old. Subjects share this many epochs.
    pub fn new(stale: Duration, epochs: usize) -> Self {
        Self {
            stale,
            limit: 0,
            bytes: 0,
            round: 0,
            connection: None,
            beat: None,
            epochs: vec![0; epochs].into(),
            entries: LruCache::unbounded(),
            by_subject: BTreeSet::new(),
        }
    }

    /// Begins with a new connection, whose first heartbeat was answered. Nothing is kept any more.
    pub fn connected(&mut self, connection: u64, beat: Beat) {
        self.flush();
        self.connection = Some(connection);
        self.beat = Some(beat);
    }

    /// Gives up a connection. What it has answered may still pass while Redis is away.
    pub fn lost(&mut self, connection: u64) {
        if self.connection == Some(connection) {
            self.connection = None;
            if self.stale.is_zero() {
                self.flush();
            } else {
                self.round += 1;
            }
        }
    }

    /// Takes note of an answered heartbeat, once all that was read before it has been applied.
    pub fn beat(&mut self, connection: u64, beat: Beat) {
        if self.connection == Some(connection) {
            if self.beat.is_none_or(|last| last.standing != beat.standing) {
                self.flush();
            }
            self.beat = Some(beat);
            self.drop_aged(beat.sent);
        }
    }

    /// Drops what is known of a subject, whose key has changed.
    pub fn changed(&mut self, subject: Subject) {
        let epoch = self.epoch(subject);
        self.epochs[epoch] = self.epochs[epoch].wrapping_add(1);
        let of_subject = (subject, Question::FIRST)..=(subject, Question::LAST);
        let questions: Vec<_> = self.by_subject.range(of_subject).map(|(_, question)| *question).collect();
        for question in questions {
            self.forget(&question);
        }
    }

    /// Drops everything, as when Redis says that any key may have changed.
    pub fn flush(&mut self) {
        self.round += 1;
        self.bytes = 0;
        self.entries.clear();
        self.by_subject.clear();
    }

    /// Drops one answer.
    pub fn forget(&mut self, question: &Question) {
        if let Some(entry) = self.entries.pop(question) {
            self.bytes -= entry.bytes;
            self.by_subject.remove(&(entry.subject, *question));
        }
    }

    /// Begins a question about a subject, which is to be sent over the present connection. `None` when its answer could
    /// not be kept. Whoever sends it must look for the connection only now: an answer of a later one is not kept then.
    pub fn ask(&self, subject: Subject, now: Moment) -> Option<Ticket> {
        self.connection?;
        self.beat.filter(Beat::may_be_trusted)?;
        let epoch = self.epochs[self.epoch(subject)];
        Some(Ticket { subject, epoch, round: self.round, asked: now })
    }

    /// Keeps an answer that expires at `expires`, in seconds since 1970, and takes `bytes` besides [`OVERHEAD`], unless it
    /// may be void already.
    pub fn keep(&mut self, ticket: Ticket, question: Question, expires: u64, value: T, bytes: usize) {
        let is_void = ticket.round != self.round || ticket.epoch != self.epochs[self.epoch(ticket.subject)];
        let bytes = bytes.saturating_add(OVERHEAD);
        if is_void || bytes > self.limit {
            return;
        }
        self.forget(&question);
        self.make_room(bytes);
        let Ticket { subject, asked, .. } = ticket;
        self.bytes += bytes;
        self.by_subject.insert((subject, question));
        self.entries.push(question, Entry { value, subject, asked, expires: nanoseconds(expires), bytes });
    }

    /// Returns the kept answer, if it holds at this moment.
    pub fn get(&self, question: &Question, now: Moment) -> Option<&T> {
        self.connection?;
        let beat = self.beat.filter(|beat| beat.may_be_trusted() && now.is_within(TRUST, beat.sent))?;
        self.younger_than(KEEP, question, now, beat)
    }

    /// Returns the kept answer that passes while Redis is away.
    pub fn get_stale(&self, question: &Question, now: Moment) -> Option<&T> {
        self.younger_than(self.stale, question, now, self.beat?)
    }

    /// Lets kept answers take this many bytes.
    pub fn resize(&mut self, limit: usize) {
        self.limit = limit;
        self.make_room(0);
    }

    /// Returns the number of kept answers, and the bytes that they take.
    pub fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes)
    }

    fn younger_than(&self, age: Duration, question: &Question, now: Moment, beat: Beat) -> Option<&T> {
        let entry = self.entries.peek(question)?;
        let holds = now.is_within(age, entry.asked) && now.on(beat.clock) < entry.expires;
        holds.then_some(&entry.value)
    }

    fn epoch(&self, subject: Subject) -> usize {
        // The remainder is smaller than a length.
        usize::try_from(subject % self.epochs.len() as u64).unwrap_or(0)
    }

    fn make_room(&mut self, bytes: usize) {
        while self.bytes + bytes > self.limit && self.drop_oldest() {}
    }

    fn drop_aged(&mut self, now: Moment) {
        let span = KEEP.max(self.stale);
        while self.entries.peek_lru().is_some_and(|(_, entry)| !now.is_within(span, entry.asked)) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let oldest = self.entries.peek_lru().map(|(question, _)| *question);
        oldest.inspect(|question| self.forget(question)).is_some()
    }
}

/// Returns seconds as nanoseconds.
fn nanoseconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000)
}
