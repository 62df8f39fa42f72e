//! `AUTH.SESSIONS`: lists a subject's sessions.

use crate::contract::{command, field, option as word};
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::reply::Fields;
use crate::request::{about, as_json, option};
use redis::Cmd;
use std::borrow::Cow;

/// The part of a subject's sessions that `AUTH.SESSIONS` lists: without bounds, the newest hundred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page<'a> {
    /// OFFSET: how many are skipped.
    pub offset: Option<Number<'a>>,
    /// COUNT: how many follow at most, 1 to 1000.
    pub count: Option<Number<'a>>,
}

/// A number that the module judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number<'a> {
    /// A number.
    Value(u64),
    /// A text that others wrote, passed on unchanged.
    Text(&'a str),
}

impl<'a> Number<'a> {
    fn text(self) -> Cow<'a, str> {
        match self {
            Self::Value(value) => value.to_string().into(),
            Self::Text(text) => text.into(),
        }
    }
}

impl From<u64> for Number<'_> {
    fn from(value: u64) -> Self {
        Self::Value(value)
    }
}

impl<'a> From<&'a str> for Number<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

/// An entry of `AUTH.SESSIONS`. Times are in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's id.
    pub sid: String,
    /// The kind of device.
    pub class: Option<String>,
    /// The OAuth client that the session is bound to.
    pub client: Option<String>,
    /// Notes about the device, as JSON text.
    pub meta: Option<String>,
    /// The custom claims as JSON text, if they were asked for.
    pub claims: Option<String>,
    /// When the session was issued.
    pub issued_at: u64,
    /// When it was last refreshed.
    pub last_used_at: u64,
    /// When it ends unless it is refreshed.
    pub expires_at: u64,
    /// When it ends in any case.
    pub ends_at: u64,
    /// Its generation.
    pub generation: u64,
}

impl Hallpass {
    /// `AUTH.SESSIONS`: returns a subject's live sessions, newest first, with their claims if these are wanted.
    ///
    /// # Errors
    /// [`CommandError::Rejected`] for an invalid page.
    pub async fn sessions(
        &self,
        key: &str,
        page: Page<'_>,
        with_claims: bool,
    ) -> Result<Vec<Session>, CommandError> {
        let entries: Vec<Fields> = self.call(&sessions_command(key, page, with_claims)).await?;
        entries.into_iter().map(Session::read).collect()
    }

    /// `AUTH.SESSIONS … FORMAT JSON`: the same, but returns an array of objects as JSON text, in which notes and claims are
    /// objects, too.
    ///
    /// # Errors
    /// As [`sessions`](Self::sessions).
    pub async fn sessions_json(
        &self,
        key: &str,
        page: Page<'_>,
        with_claims: bool,
    ) -> Result<Vec<u8>, CommandError> {
        self.call(as_json(&mut sessions_command(key, page, with_claims))).await
    }
}

fn sessions_command(key: &str, page: Page<'_>, with_claims: bool) -> Cmd {
    let mut command = about(command::SESSIONS, key);
    command.arg(with_claims.then_some(word::WITHCLAIMS));
    option(&mut command, word::OFFSET, page.offset.map(Number::text));
    option(&mut command, word::COUNT, page.count.map(Number::text));
    command
}

impl Session {
    fn read(mut entry: Fields) -> Result<Self, CommandError> {
        Ok(Self {
            sid: entry.take(field::SID)?,
            class: entry.take(field::CLASS)?,
            client: entry.take(field::CLIENT)?,
            meta: entry.take(field::META)?,
            claims: entry.take(field::CLAIMS)?,
            issued_at: entry.take(field::ISSUED_AT)?,
            last_used_at: entry.take(field::LAST_USED_AT)?,
            expires_at: entry.take(field::EXPIRES_AT)?,
            ends_at: entry.take(field::ENDS_AT)?,
            generation: entry.take(field::GEN)?,
        })
    }
}
