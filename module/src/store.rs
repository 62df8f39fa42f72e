//! The user's hash: one field per session, opened once per command.
//!
//! Writes go straight to the open key and are replicated as their effects with absolute times, in the order HSET,
//! PEXPIREAT, HDEL: a hash that is emptied first is gone, and with it the key's place in a migrating slot. Who watches
//! the key is told once it is closed, since others may answer with a change of their own.

use crate::error::Error;
use crate::ffi::{self, Arg, HashKey, KeyKind};
use crate::info::STATS;
use crate::log;
use crate::survey::{Lens, Survey};
use hallpass_engine::key_expiry;
use hallpass_engine::record::{Glance, Session};
use redis_module::raw::KeyMode;
use redis_module::{
    CallOptions, CallOptionsBuilder, CallReply, CallResult, Context, NotifyEvent, RedisString,
};
use std::ffi::CStr;
use std::ptr;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use uuid::Uuid;

static QUERY: LazyLock<CallOptions> =
    LazyLock::new(|| CallOptionsBuilder::new().no_writes().errors_as_replies().build());

static LAST_UNREADABLE_WARNING: AtomicU64 = AtomicU64::new(0);

/// Hashes of up to this many fields are always looked through as a whole.
const SMALL_HASH: usize = 128;
/// How many fields of a larger hash are looked at when nothing requires all of them.
const SAMPLE: &[u8] = b"64";

/// A user's hash, or the place where one may come to be. It closes when it is dropped.
pub struct UserHash<'c> {
    ctx: &'c Context,
    name: &'c Arg,
    key: Option<HashKey>,
    now: u64,
    is_there: bool,
    /// What to tell those who watch the key: class and name of the event.
    changes: Vec<(NotifyEvent, &'static CStr)>,
}

impl<'c> UserHash<'c> {
    /// Opens it for reading; `now` in Unix ms.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the key holds something else.
    pub fn read(ctx: &'c Context, name: &'c Arg, now: u64) -> Result<Self, Error> {
        Self::open(ctx, name, now, KeyMode::READ)
    }

    /// Opens it for reading and writing; `now` in Unix ms.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the key holds something else.
    pub fn write(ctx: &'c Context, name: &'c Arg, now: u64) -> Result<Self, Error> {
        Self::open(ctx, name, now, KeyMode::READ | KeyMode::WRITE)
    }

    fn open(ctx: &'c Context, name: &'c Arg, now: u64, mode: KeyMode) -> Result<Self, Error> {
        let key = HashKey::open(ctx, name, mode);
        let is_there = match key.kind() {
            KeyKind::Missing => false,
            KeyKind::Hash => true,
            KeyKind::Other => return Err(Error::WrongType),
        };
        Ok(Self { ctx, name, key: Some(key), now, is_there, changes: Vec::new() })
    }

    /// The key, when there is a hash.
    fn hash(&self) -> Option<&HashKey> {
        self.key.as_ref().filter(|_| self.is_there)
    }

    /// One session; `None` when there is none or its record cannot be read.
    pub fn session(&self, sid: &Uuid) -> Option<Session> {
        self.decode(self.hash()?.get(sid)?.as_slice())
    }

    /// What `look` makes of a session; `None` when there is none or its record cannot be read.
    pub fn glance<T>(&self, sid: &Uuid, look: impl FnOnce(Glance<'_>) -> T) -> Option<T> {
        let value = self.hash()?.get(sid)?;
        let glance = Glance::read(value.as_slice()).ok();
        if glance.is_none() {
            self.count_unreadable();
        }
        glance.map(look)
    }

    /// Whether the session's id is taken, by a record that can be read or by one that cannot.
    pub fn contains(&self, sid: &Uuid) -> bool {
        self.hash().is_some_and(|key| key.get(sid).is_some())
    }

    /// These sessions, in this order, without those that are gone or cannot be read.
    pub fn sessions_of(&self, sids: impl Iterator<Item = Uuid>) -> Vec<(Uuid, Session)> {
        sids.filter_map(|sid| Some((sid, self.session(&sid)?))).collect()
    }

    fn decode(&self, value: &[u8]) -> Option<Session> {
        let session = Session::decode(value).ok();
        if session.is_none() {
            self.count_unreadable();
        }
        session
    }

    fn count_unreadable(&self) {
        STATS.unreadable_records.add(1);
        let text = "a session record cannot be read and is skipped (see hallpass_unreadable_records)";
        log::warning_once_a_minute(&LAST_UNREADABLE_WARNING, self.now, text);
    }

    /// Looks through the hash: the whole of it when it is small or when `whole(fields)` asks for it, else a sample.
    /// Stops when the hash turns out to be somebody else's.
    pub fn survey(&self, lens: &Lens<'_>, whole: impl Fn(usize) -> bool) -> Result<Survey, Error> {
        match self.hash() {
            None => Ok(Survey::default()),
            Some(key) if key.len() <= SMALL_HASH || whole(key.len()) => {
                Ok(self.look_through(key, lens, false))
            }
            Some(_) => self.sample(lens),
        }
    }

    /// Looks through all of the hash, and past fields that are no session ids.
    pub fn everything(&self, lens: &Lens<'_>) -> Survey {
        self.hash().map(|key| self.look_through(key, lens, true)).unwrap_or_default()
    }

    fn look_through(&self, key: &HashKey, lens: &Lens<'_>, past_foreign: bool) -> Survey {
        let mut survey = Survey::with_capacity(key.len());
        key.each(|field, value| {
            self.note(&mut survey, lens, field, value);
            past_foreign || !survey.is_foreign
        });
        survey
    }

    fn note(&self, survey: &mut Survey, lens: &Lens<'_>, field: &[u8], value: &[u8]) {
        let unreadable_before = survey.unreadable.len();
        survey.note(lens, self.now, field, value);
        if survey.unreadable.len() > unreadable_before {
            self.count_unreadable();
        }
    }

    fn sample(&self, lens: &Lens<'_>) -> Result<Survey, Error> {
        let args: &[&[u8]] = &[&**self.name, SAMPLE, b"WITHVALUES"];
        let reply: CallResult<'_> = self.ctx.call_ext("HRANDFIELD", &QUERY, args);
        let Ok(CallReply::Array(pairs)) = reply else {
            return Err(Error::Internal);
        };
        let texts: Vec<_> = pairs
            .iter()
            .filter_map(|element| match element {
                Ok(CallReply::String(text)) => Some(text.as_bytes().to_vec()),
                _ => None,
            })
            .collect();
        let mut survey = Survey::default();
        for pair in texts.chunks_exact(2) {
            self.note(&mut survey, lens, &pair[0], &pair[1]);
        }
        Ok(survey)
    }

    /// Stores sessions and makes sure that the key outlives them. `idle_ttl` in seconds.
    ///
    /// # Errors
    /// [`Error::Internal`] when Redis does not take them, which is not expected.
    pub fn put<'s>(
        &mut self,
        sessions: impl Iterator<Item = (&'s Uuid, &'s Session)>,
        idle_ttl: u64,
    ) -> Result<(), Error> {
        let mut pairs = Vec::with_capacity(2);
        let mut latest = 0;
        for (sid, session) in sessions {
            latest = latest.max(session.idle_expiry);
            pairs.push(field_name(sid));
            pairs.push(string(&session.encode()));
        }
        if pairs.is_empty() {
            return Ok(());
        }
        let key = self.key.as_ref().ok_or(Error::Internal)?;
        let all_set = pairs.chunks_exact(2).all(|pair| key.set(&pair[0], &pair[1]));
        self.is_there = true;
        self.changed(all_set, c"HSET", &pairs, (NotifyEvent::HASH, c"hset"))?;
        self.outlive(latest, idle_ttl)
    }

    fn outlive(&mut self, idle_expiry: u64, idle_ttl: u64) -> Result<(), Error> {
        let key = self.key.as_ref().ok_or(Error::Internal)?;
        let Some(expiry) = new_expiry(key, idle_expiry, idle_ttl) else {
            return Ok(());
        };
        let is_set = key.set_expiry(expiry);
        let at = string(expiry.to_string().as_bytes());
        self.changed(is_set, c"PEXPIREAT", &[at], (NotifyEvent::GENERIC, c"expire"))
    }

    /// Removes sessions, readable or not.
    ///
    /// # Errors
    /// [`Error::Internal`] when the change cannot be replicated, which is not expected.
    pub fn remove(&mut self, sids: &[Uuid]) -> Result<(), Error> {
        let Some(key) = self.hash() else {
            return Ok(());
        };
        let removed: Vec<_> = sids.iter().map(field_name).filter(|field| key.delete(field)).collect();
        let is_gone = key.kind() == KeyKind::Missing;
        if removed.is_empty() {
            return Ok(());
        }
        self.changed(true, c"HDEL", &removed, (NotifyEvent::HASH, c"hdel"))?;
        if is_gone {
            self.is_there = false;
            self.changes.push((NotifyEvent::GENERIC, c"del"));
        }
        Ok(())
    }

    /// Removes the whole key; memory is freed in the background.
    ///
    /// # Errors
    /// [`Error::Internal`] when Redis does not do it, which is not expected.
    pub fn unlink(&mut self) -> Result<(), Error> {
        let is_unlinked = self.hash().ok_or(Error::Internal)?.unlink();
        self.is_there = false;
        self.changed(is_unlinked, c"UNLINK", &[], (NotifyEvent::GENERIC, c"del"))
    }

    /// Replicates a change that was made, and notes what to tell about it.
    fn changed(
        &mut self,
        is_made: bool,
        command: &CStr,
        args: &[RedisString],
        event: (NotifyEvent, &'static CStr),
    ) -> Result<(), Error> {
        let is_replicated = ffi::replicate(self.ctx, command, self.name, args);
        self.changes.push(event);
        if is_made && is_replicated { Ok(()) } else { Err(Error::Internal) }
    }
}

impl Drop for UserHash<'_> {
    fn drop(&mut self) {
        self.key = None;
        if self.changes.is_empty() {
            return;
        }
        ffi::signal_modified(self.ctx, self.name);
        for (class, event) in self.changes.drain(..) {
            ffi::notify_keyspace(self.ctx, class, event, self.name);
        }
    }
}

/// A key that never expires, because somebody persisted it, gets the expiry of its latest session.
fn new_expiry(key: &HashKey, idle_expiry: u64, idle_ttl: u64) -> Option<u64> {
    let current = key.expires_at();
    let mut latest = idle_expiry;
    if current.is_none() && key.len() > 1 {
        key.each(|_, value| {
            latest = Session::decode(value).map_or(latest, |session| latest.max(session.idle_expiry));
            true
        });
    }
    key_expiry::extend(current, latest, idle_ttl.saturating_mul(1000))
}

fn field_name(sid: &Uuid) -> RedisString {
    string(sid.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes())
}

/// A string that belongs to no context, so that freeing it asks nothing of one.
fn string(bytes: &[u8]) -> RedisString {
    RedisString::create_from_slice(ptr::null_mut(), bytes)
}
