//! The user's hash: one field per session, written with effects that replicate as they are.
//!
//! Reading goes through an open key; each write is an inner command, replicated with absolute times, in the order HSET,
//! PEXPIREAT, HDEL: a hash that is emptied first is gone, and with it the key's place in a migrating slot.

use crate::error::Error;
use crate::ffi::{HashKey, KeyKind};
use crate::info::STATS;
use crate::log;
use crate::survey::{Lens, Survey};
use hallpass_engine::key_expiry;
use hallpass_engine::record::Session;
use redis_module::{CallOptions, CallOptionsBuilder, CallReply, CallResult, Context, RedisString};
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use uuid::Uuid;

/// Effects are replicated; errors come back as replies.
static EFFECT: LazyLock<CallOptions> =
    LazyLock::new(|| CallOptionsBuilder::new().replicate().errors_as_replies().build());
static QUERY: LazyLock<CallOptions> =
    LazyLock::new(|| CallOptionsBuilder::new().no_writes().errors_as_replies().build());

static LAST_UNREADABLE_WARNING: AtomicU64 = AtomicU64::new(0);

/// Hashes of up to this many fields are always looked through as a whole.
const SMALL_HASH: usize = 128;
/// How many fields of a larger hash are looked at when nothing requires all of them.
const SAMPLE: &[u8] = b"64";

/// A user's hash, of which nothing is kept open between calls.
pub struct UserHash<'c> {
    ctx: &'c Context,
    key: &'c RedisString,
    now: u64,
}

impl<'c> UserHash<'c> {
    /// Names the hash; `now` in Unix ms.
    pub fn new(ctx: &'c Context, key: &'c RedisString, now: u64) -> Self {
        Self { ctx, key, now }
    }

    fn open(&self) -> Result<Option<HashKey>, Error> {
        let key = HashKey::open(self.ctx, self.key);
        match key.kind() {
            KeyKind::Missing => Ok(None),
            KeyKind::Hash => Ok(Some(key)),
            KeyKind::Other => Err(Error::WrongType),
        }
    }

    /// One session; `None` when there is none or its record cannot be read.
    pub fn session(&self, sid: &Uuid) -> Result<Option<Session>, Error> {
        Ok(self.field(sid)?.and_then(|value| self.decode(value.as_slice())))
    }

    /// Whether the key is there; an error when it holds something else.
    pub fn exists(&self) -> Result<bool, Error> {
        Ok(self.open()?.is_some())
    }

    /// Whether the session's id is taken, by a record that can be read or by one that cannot.
    pub fn contains(&self, sid: &Uuid) -> Result<bool, Error> {
        Ok(self.field(sid)?.is_some())
    }

    fn field(&self, sid: &Uuid) -> Result<Option<RedisString>, Error> {
        Ok(self.open()?.and_then(|key| key.get(sid)))
    }

    /// These sessions, in this order, without those that are gone or cannot be read.
    pub fn sessions_of(&self, sids: impl Iterator<Item = Uuid>) -> Result<Vec<(Uuid, Session)>, Error> {
        let Some(key) = self.open()? else {
            return Ok(Vec::new());
        };
        let read = |sid: Uuid| Some((sid, self.decode(key.get(&sid)?.as_slice())?));
        Ok(sids.filter_map(read).collect())
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
        let Some(key) = self.open()? else {
            return Ok(Survey::default());
        };
        let fields = key.len();
        if fields <= SMALL_HASH || whole(fields) {
            return Ok(self.look_through(&key, lens, false));
        }
        drop(key);
        self.sample(lens)
    }

    /// Looks through all of the hash, and past fields that are no session ids.
    pub fn everything(&self, lens: &Lens<'_>) -> Result<Survey, Error> {
        Ok(self.open()?.map(|key| self.look_through(&key, lens, true)).unwrap_or_default())
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
        let args: &[&[u8]] = &[self.key.as_slice(), SAMPLE, b"WITHVALUES"];
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

    /// Stores a session and makes sure that the key outlives it. `idle_ttl` in seconds.
    pub fn put(&self, sid: &Uuid, session: &Session, idle_ttl: u64) -> Result<(), Error> {
        let record = session.encode();
        self.write("HSET", &[self.key.as_slice(), sid.to_string().as_bytes(), &record])?;
        self.outlive(session.idle_expiry, idle_ttl)
    }

    fn outlive(&self, idle_expiry: u64, idle_ttl: u64) -> Result<(), Error> {
        let Some(expiry) = self.new_expiry(idle_expiry, idle_ttl)? else {
            return Ok(());
        };
        self.write("PEXPIREAT", &[self.key.as_slice(), expiry.to_string().as_bytes()]).map(drop)
    }

    /// A key that never expires, because somebody persisted it, gets the expiry of its latest session.
    fn new_expiry(&self, idle_expiry: u64, idle_ttl: u64) -> Result<Option<u64>, Error> {
        let Some(key) = self.open()? else {
            return Ok(None);
        };
        let current = key.expires_at();
        let mut latest = idle_expiry;
        if current.is_none() && key.len() > 1 {
            key.each(|_, value| {
                latest = Session::decode(value).map_or(latest, |session| latest.max(session.idle_expiry));
                true
            });
        }
        Ok(key_expiry::extend(current, latest, idle_ttl.saturating_mul(1000)))
    }

    /// Removes the whole key; memory is freed in the background.
    pub fn unlink(&self) -> Result<(), Error> {
        self.write("UNLINK", &[self.key.as_slice()]).map(drop)
    }

    /// Stores several sessions in one write, as [`Self::put`] does one.
    pub fn put_all(&self, sessions: &[(Uuid, Session)], idle_ttl: u64) -> Result<(), Error> {
        let Some(latest) = sessions.iter().map(|(_, session)| session.idle_expiry).max() else {
            return Ok(());
        };
        let pairs: Vec<_> =
            sessions.iter().map(|(sid, session)| (sid.to_string(), session.encode())).collect();
        let mut args = vec![self.key.as_slice()];
        args.extend(pairs.iter().flat_map(|(sid, record)| [sid.as_bytes(), record.as_slice()]));
        self.write("HSET", &args)?;
        self.outlive(latest, idle_ttl)
    }

    /// Removes sessions and tells how many fields were there.
    pub fn remove(&self, sids: &[Uuid]) -> Result<u64, Error> {
        if sids.is_empty() {
            return Ok(0);
        }
        let fields: Vec<String> = sids.iter().map(Uuid::to_string).collect();
        let mut args = vec![self.key.as_slice()];
        args.extend(fields.iter().map(String::as_bytes));
        self.write("HDEL", &args)
    }

    fn write(&self, command: &str, args: &[&[u8]]) -> Result<u64, Error> {
        inner_write(self.ctx, command, args, true)
    }
}

/// Runs an inner command that changes something and answers with a number.
///
/// # Errors
/// [`Error::Refused`] when Redis does not carry it out.
pub fn inner_write(ctx: &Context, command: &str, args: &[&[u8]], replicate: bool) -> Result<u64, Error> {
    let options = if replicate { &*EFFECT } else { &*QUERY };
    let reply: CallResult<'_> = ctx.call_ext(command, options, args);
    match reply {
        Ok(CallReply::I64(number)) => Ok(u64::try_from(number.to_i64()).unwrap_or(0)),
        Err(error) => Err(Error::of_refusal(error.as_bytes())),
        Ok(_) => Err(Error::of_refusal(b"")),
    }
}
