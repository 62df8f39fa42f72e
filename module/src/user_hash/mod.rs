//! The user's hash: one field per session, opened once per command.
//!
//! Writes go straight to the open key and are replicated as their effects with absolute times, in the order HSET,
//! PEXPIREAT, HDEL: a hash that is emptied first is gone, and with it the key's place in a migrating slot. Watchers of
//! the key are notified after it is closed, since they may answer with a change of their own.

mod changes;

use crate::error::Error;
use crate::redis::args::{Arg, OwnedString};
use crate::redis::key::{HashKey, KeyKind};
use crate::redis::{effects, log};
use crate::stats::STATS;
use changes::{Change, Changes};
use hallpass_engine::key_expiry;
use hallpass_engine::record::{RecordView, Session};
use hallpass_engine::scan::{Scan, ScanFilter};
use hallpass_engine::time::ms;
use redis_module::raw::KeyMode;
use redis_module::{CallOptions, CallOptionsBuilder, CallReply, CallResult, Context};
use std::ffi::CStr;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use uuid::Uuid;

static QUERY: LazyLock<CallOptions> =
    LazyLock::new(|| CallOptionsBuilder::new().no_writes().errors_as_replies().build());

static LAST_UNREADABLE_WARNING: AtomicU64 = AtomicU64::new(0);

/// Hashes of up to this many fields are always scanned completely.
const SMALL_HASH: usize = 128;
/// The number of fields of a larger hash that are read if nothing requires all of them.
const SAMPLE: &[u8] = b"64";

/// The field of a session: its id as text.
pub struct Field(OwnedString);

impl Field {
    /// Returns the field of this session.
    pub fn of(sid: &Uuid) -> Self {
        Self(OwnedString::new(sid.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes()))
    }
}

/// A user's hash, or the missing key where one may be created. It is closed on drop.
pub struct UserHash<'c> {
    ctx: &'c Context,
    name: &'c Arg,
    key: Option<HashKey>,
    now: u64,
    is_there: bool,
    changes: Changes,
}

impl<'c> UserHash<'c> {
    /// Opens the hash for reading; `now` in Unix ms.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the key holds something else.
    pub fn read(ctx: &'c Context, name: &'c Arg, now: u64) -> Result<Self, Error> {
        Self::open(ctx, name, now, KeyMode::READ)
    }

    /// Opens the hash for reading and writing; `now` in Unix ms.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the key holds something else.
    pub fn write(ctx: &'c Context, name: &'c Arg, now: u64) -> Result<Self, Error> {
        Self::open(ctx, name, now, KeyMode::READ | KeyMode::WRITE)
    }

    fn open(ctx: &'c Context, name: &'c Arg, now: u64, mode: KeyMode) -> Result<Self, Error> {
        let (key, is_there) = opened(ctx, name, mode)?;
        Ok(Self { ctx, name, key: Some(key), now, is_there, changes: Changes::default() })
    }

    /// Returns the key, if there is a hash.
    fn hash(&self) -> Option<&HashKey> {
        self.key.as_ref().filter(|_| self.is_there)
    }

    /// Returns one session; `None` if there is none or its record cannot be read.
    pub fn session(&self, field: &Field) -> Option<Session> {
        self.decode(&self.hash()?.get(&field.0)?)
    }

    /// Returns the result of `look` for a session's record; `None` if there is none or it cannot be read.
    pub fn view<T>(&self, field: &Field, look: impl FnOnce(RecordView<'_>) -> T) -> Option<T> {
        let value = self.hash()?.get(&field.0)?;
        let view = RecordView::read(&value).ok();
        if view.is_none() {
            self.count_unreadable();
        }
        view.map(look)
    }

    /// Returns whether the session id is in use, whether or not its record can be read.
    pub fn contains(&self, field: &Field) -> bool {
        self.hash().is_some_and(|key| key.get(&field.0).is_some())
    }

    /// Returns these sessions, in this order, without those that are gone or cannot be read.
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

    /// Scans the hash: all of it if it is small or if `needs_all` returns true for its length, else a sample. Stops at
    /// a field that is not a session id: then the hash belongs to another program.
    ///
    /// # Errors
    /// [`Error::Internal`] if Redis cannot choose a sample, which is not expected.
    pub fn scan(
        &mut self,
        filter: &ScanFilter<'_>,
        needs_all: impl Fn(usize) -> bool,
    ) -> Result<Scan, Error> {
        match self.hash() {
            None => Ok(Scan::default()),
            Some(key) if key.len() <= SMALL_HASH || needs_all(key.len()) => {
                Ok(self.scan_fields(key, filter, false))
            }
            Some(_) => self.sample(filter),
        }
    }

    /// Scans all of the hash, and skips fields that are not session ids.
    pub fn scan_all(&self, filter: &ScanFilter<'_>) -> Scan {
        self.hash().map(|key| self.scan_fields(key, filter, true)).unwrap_or_default()
    }

    fn scan_fields(&self, key: &HashKey, filter: &ScanFilter<'_>, past_foreign: bool) -> Scan {
        let mut scan = Scan::with_capacity(key.len());
        key.each(|field, value| {
            self.add(&mut scan, filter, field, value);
            past_foreign || !scan.is_foreign
        });
        scan
    }

    fn add(&self, scan: &mut Scan, filter: &ScanFilter<'_>, field: &[u8], value: &[u8]) {
        if scan.add(filter, field, value).is_err() {
            self.count_unreadable();
        }
    }

    /// Scans some random fields. Since Redis 7.4, choosing them deletes expired fields, and the key with the last of
    /// them, so the key is closed during the call and opened again after it.
    fn sample(&mut self, filter: &ScanFilter<'_>) -> Result<Scan, Error> {
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
        let mut scan = Scan::default();
        for pair in texts.chunks_exact(2) {
            self.add(&mut scan, filter, &pair[0], &pair[1]);
        }
        Ok(scan)
    }

    /// Stores a session and makes sure that the key outlives it. `idle_ttl` in seconds.
    ///
    /// # Errors
    /// [`Error::Internal`] if Redis refuses it, which is not expected.
    pub fn put(&mut self, field: Field, session: &Session, idle_ttl: u64) -> Result<(), Error> {
        self.set(&[field.0, OwnedString::new(&session.encode())])?;
        self.outlive(session.idle_expiry, idle_ttl)
    }

    /// Stores any number of sessions at once, like [`UserHash::put`].
    pub fn put_all(&mut self, sessions: &[(Uuid, Session)], idle_ttl: u64) -> Result<(), Error> {
        let Some(latest) = sessions.iter().map(|(_, session)| session.idle_expiry).max() else {
            return Ok(());
        };
        let pair = |(sid, session): &(Uuid, Session)| [Field::of(sid).0, OwnedString::new(&session.encode())];
        self.set(&sessions.iter().flat_map(pair).collect::<Vec<_>>())?;
        self.outlive(latest, idle_ttl)
    }

    /// Sets fields: `pairs` has each field followed by its value.
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
    /// [`Error::Internal`] if the change cannot be replicated, which is not expected.
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
        if is_gone {
            self.changes.add(Change::Del);
        }
        self.changed(true, c"HDEL", &removed, Change::Hdel)
    }

    /// Removes the whole key; memory is freed in the background.
    ///
    /// # Errors
    /// [`Error::Internal`] if Redis refuses it, which is not expected.
    pub fn unlink(&mut self) -> Result<(), Error> {
        let is_unlinked = self.hash().ok_or(Error::Internal)?.unlink();
        self.is_there = false;
        self.changed(is_unlinked, c"UNLINK", &[], Change::Del)
    }

    /// Replicates a change that was made, and remembers it for the watchers.
    fn changed(
        &mut self,
        is_made: bool,
        command: &CStr,
        args: &[OwnedString],
        change: Change,
    ) -> Result<(), Error> {
        let is_replicated = effects::replicate(self.ctx, command, self.name, args);
        self.changes.add(change);
        if is_made && is_replicated { Ok(()) } else { Err(Error::Internal) }
    }
}

impl Drop for UserHash<'_> {
    fn drop(&mut self) {
        self.key = None;
        self.changes.announce(self.ctx, self.name);
    }
}

/// Opens the key, and returns whether it holds a hash already.
fn opened(ctx: &Context, name: &Arg, mode: KeyMode) -> Result<(HashKey, bool), Error> {
    let key = HashKey::open(ctx, name, mode);
    match key.kind() {
        KeyKind::Missing => Ok((key, false)),
        KeyKind::Hash => Ok((key, true)),
        KeyKind::Other => Err(Error::WrongType),
    }
}

/// Returns the new expiry of the key, if it must change. A key that was persisted gets the expiry of its latest
/// session.
fn new_expiry(key: &HashKey, idle_expiry: u64, idle_ttl: u64) -> Option<u64> {
    let current = key.expires_at();
    let mut latest = idle_expiry;
    if current.is_none() && key.len() > 1 {
        key.each(|_, record| {
            latest = key_expiry::latest(latest, record);
            true
        });
    }
    key_expiry::extend(current, latest, ms(idle_ttl))
}
