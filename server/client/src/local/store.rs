//! The kept answers of one node, shared by all tasks: the rules of [`Answers`] under locks, in parts, so that tasks seldom
//! meet.

use super::answers::{Answers, Beat, EPOCHS, Subject, Ticket};
use super::moment::Moment;
use super::question::Question;
use super::settings::Settings;
use super::tracking::Heard;
use std::any::Any;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

/// A question belongs to one of this many parts; what happens to a subject or to the connection happens to all.
const PARTS: usize = 16;

/// A value that is kept with a token that was verified, as [`Verifier`](crate::Verifier) hands it out.
pub trait Kept: Any + Send + Sync {
    /// Returns the number of bytes that the value takes, those outside of itself included.
    fn bytes(&self) -> usize;
}

/// The kept answers of one node.
pub struct Store {
    parts: [Part; PARTS],
    settings: Arc<Settings>,
    hasher: RandomState,
}

struct Part {
    answers: RwLock<Answers<Arc<dyn Kept>>>,
    hits: AtomicU64,
    stale_hits: AtomicU64,
}

impl Store {
    /// Begins with nothing.
    pub fn new(settings: Arc<Settings>) -> Self {
        let part = |_| Part {
            answers: RwLock::new(Answers::new(settings.cache.stale_if_error, EPOCHS)),
            hits: AtomicU64::new(0),
            stale_hits: AtomicU64::new(0),
        };
        let parts = std::array::from_fn(part);
        settings.stores.fetch_add(1, Ordering::Relaxed);
        Self { parts, settings, hasher: RandomState::new() }
    }

    /// Returns the kept answer, if it holds at this moment.
    pub fn get(&self, question: &Question, now: Moment) -> Option<Arc<dyn Kept>> {
        let part = self.part(question);
        // What a panic left behind is nothing to rely on.
        let found = part.answers.read().ok()?.get(question, now).cloned();
        found.inspect(|_| add_one(&part.hits))
    }

    /// Returns the kept answer that passes while Redis is away.
    pub fn get_stale(&self, question: &Question, now: Moment) -> Option<Arc<dyn Kept>> {
        let part = self.part(question);
        let found = part.answers.read().ok()?.get_stale(question, now).cloned();
        found.inspect(|_| add_one(&part.stale_hits))
    }

    /// Begins a question; see [`Answers::ask`].
    pub fn ask(&self, question: &Question, key: &str, now: Moment) -> Option<Ticket> {
        let subject = self.subject(key.as_bytes());
        self.part(question).answers.read().ok()?.ask(subject, now)
    }

    /// Keeps an answer; see [`Answers::keep`].
    pub fn keep(&self, ticket: Ticket, question: Question, expires: u64, value: Arc<dyn Kept>) {
        // The two counters of an Arc stand before its value.
        let bytes = value.bytes() + 2 * size_of::<usize>();
        self.part(&question).write().keep(ticket, question, expires, value, bytes);
    }

    /// Drops one answer.
    pub fn forget(&self, question: &Question) {
        self.part(question).write().forget(question);
    }

    /// Drops what is known of the subject with this key.
    pub fn changed(&self, key: &[u8]) {
        let subject = self.subject(key);
        self.each(|answers| answers.changed(subject));
    }

    /// Takes note of what a connection heard.
    pub fn heard(&self, connection: u64, heard: &Heard) {
        match heard {
            Heard::Changed(keys) => keys.iter().for_each(|key| self.changed(key)),
            Heard::AllChanged => self.each(Answers::flush),
            Heard::Lost => self.lost(connection),
        }
    }

    /// Begins with a new connection.
    pub fn connected(&self, connection: u64, beat: Beat) {
        let limit = self.limit();
        self.each(|answers| {
            answers.connected(connection, beat);
            answers.resize(limit);
        });
    }

    /// Gives up a connection.
    pub fn lost(&self, connection: u64) {
        self.each(|answers| answers.lost(connection));
    }

    /// Takes note of an answered heartbeat.
    pub fn beat(&self, connection: u64, beat: Beat) {
        let limit = self.limit();
        self.each(|answers| {
            answers.beat(connection, beat);
            answers.resize(limit);
        });
    }

    /// Returns the number of kept answers, and the bytes that they take.
    pub fn size(&self) -> (usize, usize) {
        let sizes = self.parts.iter().filter_map(|part| Some(part.answers.read().ok()?.size()));
        sizes.fold((0, 0), |(entries, bytes), size| (entries + size.0, bytes + size.1))
    }

    /// Returns how often a kept answer was used, and a stale one.
    pub fn uses(&self) -> (u64, u64) {
        let load = |counter: fn(&Part) -> &AtomicU64| {
            self.parts.iter().map(|part| counter(part).load(Ordering::Relaxed)).sum()
        };
        (load(|part| &part.hits), load(|part| &part.stale_hits))
    }

    fn part(&self, question: &Question) -> &Part {
        &self.parts[question.shard(PARTS)]
    }

    fn subject(&self, key: &[u8]) -> Subject {
        self.hasher.hash_one(key)
    }

    fn each(&self, mut change: impl FnMut(&mut Answers<Arc<dyn Kept>>)) {
        self.parts.iter().for_each(|part| change(&mut part.write()));
    }

    /// Returns the share of one part in the bytes that all stores may take.
    fn limit(&self) -> usize {
        self.settings.cache.bytes / self.settings.stores.load(Ordering::Relaxed).max(1) / PARTS
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.settings.stores.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Part {
    fn write(&self) -> RwLockWriteGuard<'_, Answers<Arc<dyn Kept>>> {
        self.answers.write().unwrap_or_else(|poisoned| {
            self.answers.clear_poison();
            let mut answers = PoisonError::into_inner(poisoned);
            answers.flush();
            answers
        })
    }
}

fn add_one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
