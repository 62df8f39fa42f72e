//! The user's hash: one field per session, opened once per command.
//!
//! Writes go straight to the open key and are replicated as their effects with absolute times, in the order HSET,
//! PEXPIREAT, HDEL: a hash that is emptied first is gone, and with it the key's place in a migrating slot. Who watches
//! the key is told once it is closed, since others may answer with a change of their own.

use crate::error::Error;
use crate::ffi::{self, Arg, HashKey, KeyKind, OwnedString};
use crate::info::STATS;
use crate::log;
use crate::survey::{Lens, Survey};
use hallpass_engine::key_expiry;
use hallpass_engine::record::{Glance, Session};
use redis_module::raw::KeyMode;
use redis_module::{CallOptions, CallOptionsBuilder, CallReply, CallResult, Context, NotifyEvent};
use std::ffi::CStr;
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

/// What a command can do to a key, in the order in which it does it.
#[derive(Clone, Copy)]
enum Change {
    Hset,
    Expire,
    Hdel,
    Del,
}

/// Class and name of each change's event.
const EVENTS: [(NotifyEvent, &CStr); 4] = [
    (NotifyEvent::HASH, c"hset"),
    (NotifyEvent::GENERIC, c"expire"),
    (NotifyEvent::HASH, c"hdel"),
    (NotifyEvent::GENERIC, c"del"),
];

/// The field of a session: its id as text.
pub struct Field(OwnedString);

impl Field {
    /// Of this session.
    pub fn of(sid: &Uuid) -> Self {
        Self(OwnedString::new(sid.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes()))
    }
}

/// A user's hash, or the place where one may come to be. It closes when it is dropped.
pub struct UserHash<'c> {
    ctx: &'c Context,
    name: &'c Arg,
    key: Option<HashKey>,
    now: u64,
    is_there: bool,
    /// Which changes to tell those who watch the key.
    changes: [bool; EVENTS.len()],
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
        let (key, is_there) = opened(ctx, name, mode)?;
        Ok(Self { ctx, name, key: Some(key), now, is_there, changes: [false; EVENTS.len()] })
    }

    /// The key, when there is a hash.
    fn hash(&self) -> Option<&HashKey> {
        self.key.as_ref().filter(|_| self.is_there)
    }

    /// One session; `None` when there is none or its record cannot be read.
    pub fn session(&self, field: &Field) -> Option<Session> {
        self.decode(&self.hash()?.get(&field.0)?)
    }

    /// What `look` makes of a session; `None` when there is none or its record cannot be read.
    pub fn glance<T>(&self, field: &Field, look: impl FnOnce(Glance<'_>) -> T) -> Option<T> {
        let value = self.hash()?.get(&field.0)?;
        let glance = Glance::read(&value).ok();
        if glance.is_none() {
            self.count_unreadable();
        }
        glance.map(look)
    }

    /// Whether the session's id is taken, by a record that can be read or by one that cannot.
    pub fn contains(&self, field: &Field) -> bool {
        self.hash().is_some_and(|key| key.get(&field.0).is_some())
    }

    /// These sessions, in this order, without those that are gone or cannot be read.
    pub fn sessions_of(&self, sids: impl Iterator<Item = Uuid>) -> Vec<(Uuid, Session)> {
        sids.filter_map(|sid| Some((sid, self.session(&Field::of(&sid))?))).collect()
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
    pub fn survey(&mut self, lens: &Lens<'_>, whole: impl Fn(usize) -> bool) -> Result<Survey, Error> {
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

    /// Looks at some fields. Since Redis 7.4, choosing them deletes expired fields, and the key with the last of them, so
    /// the key is closed during the call and opened again after it.
    fn sample(&mut self, lens: &Lens<'_>) -> Result<Survey, Error> {
        self.key = None;
        let args: &[&[u8]] = &[&**self.name, SAMPLE, b"WITHVALUES"];
        let reply: CallResult<'_> = self.ctx.call_ext("HRANDFIELD", &QUERY, args);
        let (key, is_there) = opened(self.ctx, self.name, KeyMode::READ | KeyMode::WRITE)?;
        (self.key, self.is_there) = (Some(key), is_there);
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

    /// Stores a session and makes sure that the key outlives it. `idle_ttl` in seconds.
    ///
    /// # Errors
    /// [`Error::Internal`] when Redis does not take it, which is not expected.
    pub fn put(&mut self, field: Field, session: &Session, idle_ttl: u64) -> Result<(), Error> {
        self.set(&[field.0, OwnedString::new(&session.encode())])?;
        self.outlive(session.idle_expiry, idle_ttl)
    }

    /// As [`UserHash::put`], for any number of sessions at once.
    pub fn put_all(&mut self, sessions: &[(Uuid, Session)], idle_ttl: u64) -> Result<(), Error> {
        let Some(latest) = sessions.iter().map(|(_, session)| session.idle_expiry).max() else {
            return Ok(());
        };
        let pair = |(sid, session): &(Uuid, Session)| [Field::of(sid).0, OwnedString::new(&session.encode())];
        self.set(&sessions.iter().flat_map(pair).collect::<Vec<_>>())?;
        self.outlive(latest, idle_ttl)
    }

    /// Sets fields to values, which stand in turns.
    fn set(&mut self, pairs: &[OwnedString]) -> Result<(), Error> {
        let key = self.key.as_ref().ok_or(Error::Internal)?;
        let all_set = pairs.chunks_exact(2).all(|pair| key.set(&pair[0], &pair[1]));
        self.is_there = true;
        self.changed(all_set, c"HSET", pairs, Change::Hset)
    }

    fn outlive(&mut self, idle_expiry: u64, idle_ttl: u64) -> Result<(), Error> {
        let key = self.key.as_ref().ok_or(Error::Internal)?;
        let Some(expiry) = new_expiry(key, idle_expiry, idle_ttl) else {
            return Ok(());
        };
        let is_set = key.set_expiry(expiry);
        let at = OwnedString::new(expiry.to_string().as_bytes());
        self.changed(is_set, c"PEXPIREAT", &[at], Change::Expire)
    }

    /// Removes sessions, readable or not.
    ///
    /// # Errors
    /// [`Error::Internal`] when the change cannot be replicated, which is not expected.
    pub fn remove(&mut self, sids: &[Uuid]) -> Result<(), Error> {
        let Some(key) = self.hash() else {
            return Ok(());
        };
        let fields = sids.iter().map(|sid| Field::of(sid).0);
        let removed: Vec<_> = fields.filter(|field| key.delete(field)).collect();
        let is_gone = key.kind() == KeyKind::Missing;
        if removed.is_empty() {
            return Ok(());
        }
        self.is_there = !is_gone;
        self.changes[Change::Del as usize] |= is_gone;
        self.changed(true, c"HDEL", &removed, Change::Hdel)
    }

    /// Removes the whole key; memory is freed in the background.
    ///
    /// # Errors
    /// [`Error::Internal`] when Redis does not do it, which is not expected.
    pub fn unlink(&mut self) -> Result<(), Error> {
        let is_unlinked = self.hash().ok_or(Error::Internal)?.unlink();
        self.is_there = false;
        self.changed(is_unlinked, c"UNLINK", &[], Change::Del)
    }

    /// Replicates a change that was made, and notes what to tell about it.
    fn changed(
        &mut self,
        is_made: bool,
        command: &CStr,
        args: &[OwnedString],
        change: Change,
    ) -> Result<(), Error> {
        let is_replicated = ffi::replicate(self.ctx, command, self.name, args);
        self.changes[change as usize] = true;
        if is_made && is_replicated { Ok(()) } else { Err(Error::Internal) }
    }
}

impl Drop for UserHash<'_> {
    fn drop(&mut self) {
        self.key = None;
        if !self.changes.contains(&true) {
            return;
        }
        ffi::signal_modified(self.ctx, self.name);
        for ((class, event), _) in EVENTS.into_iter().zip(self.changes).filter(|(_, is_made)| *is_made) {
            ffi::notify_keyspace(self.ctx, class, event, self.name);
        }
    }
}

/// The open key, and whether it holds a hash already.
fn opened(ctx: &Context, name: &Arg, mode: KeyMode) -> Result<(HashKey, bool), Error> {
    let key = HashKey::open(ctx, name, mode);
    match key.kind() {
        KeyKind::Missing => Ok((key, false)),
        KeyKind::Hash => Ok((key, true)),
        KeyKind::Other => Err(Error::WrongType),
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
