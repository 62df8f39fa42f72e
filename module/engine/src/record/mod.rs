//! The session record: one field of a user's hash, as a compact MessagePack array.
//!
//! ```text
//! [version, gen, issued-at, rotated-at, idle expiry, absolute expiry,      fixed: 47 bytes in all
//!  claims version, access TTL, idle TTL, client, audience, class, meta, claims, …]
//! ```
//!
//! Times are Unix milliseconds, TTLs seconds. Numbers that change at each rotation are of fixed width, so that rotating
//! never changes the size of a hash. Elements at the end that are nil are left out: a session without options is 48
//! bytes. Elements behind the ones known here were written by a later release; they are kept and ignored.

mod elements;
mod view;

pub use elements::{DecodeError, MAX_GENERATION, Unknown};
pub use view::{RecordView, SessionError};

use elements::{Elements, KNOWN_ELEMENTS, VERSION};
use rmp::encode;

/// One login on one device: the family of all its tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// How often it was rotated.
    pub generation: u64,
    /// When it was issued, in ms.
    pub issued_at: u64,
    /// When the current generation began, in ms.
    pub rotated_at: u64,
    /// When it ends unless it is refreshed, in ms; never after `absolute_expiry`.
    pub idle_expiry: u64,
    /// When it ends in any case, in ms.
    pub absolute_expiry: u64,
    /// Version of the claims; access tokens of another version are stale.
    pub claims_version: u64,
    /// Lifetime of its access tokens in seconds, when it was set for this session.
    pub access_ttl: Option<u64>,
    /// Idle lifetime in seconds, when it was set for this session.
    pub idle_ttl: Option<u64>,
    /// The confidential client that it is bound to.
    pub client: Option<String>,
    /// The audience of its access tokens, when it was set for this session.
    pub audience: Option<String>,
    /// Class of device, for limits.
    pub class: Option<String>,
    /// What the application notes about the device: a JSON object.
    pub meta: Option<String>,
    /// Custom claims: a JSON object.
    pub claims: Option<String>,
    /// What a later release wrote behind the elements known here.
    pub unknown: Unknown,
}

impl Session {
    /// Whether it has ended at `now` (ms), or was issued before `not_before` (ms).
    pub fn is_over(&self, now: u64, not_before: u64) -> bool {
        now >= self.idle_expiry || now >= self.absolute_expiry || self.issued_at < not_before
    }

    /// Whether it answers to `client`: a bound session to its own client only, any other to everybody.
    pub fn answers_to(&self, client: Option<&str>) -> bool {
        self.client.as_deref().is_none_or(|bound| client == Some(bound))
    }

    /// Replaces the custom claims at `now` (ms), so that access tokens with the previous ones become stale. A version beyond
    /// what a record can hold would make the session unreadable.
    pub fn replace_claims(&mut self, claims: String, now: u64) {
        self.claims = Some(claims);
        self.claims_version = (self.claims_version + 1).max(now / 1000).min(MAX_GENERATION);
    }

    /// The record as stored.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        // Writing to a Vec cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), std::io::Error> {
        let texts = [&self.client, &self.audience, &self.class, &self.meta, &self.claims];
        encode::write_array_len(out, self.element_count(&texts))?;
        encode::write_uint(out, VERSION)?;
        for fixed in
            [self.generation, self.issued_at, self.rotated_at, self.idle_expiry, self.absolute_expiry]
        {
            encode::write_u64(out, fixed)?;
        }
        encode::write_uint(out, self.claims_version)?;
        let written = self.element_count(&texts) as usize;
        for (index, ttl) in [self.access_ttl, self.idle_ttl].into_iter().enumerate() {
            if 7 + index < written {
                write_optional(out, ttl, |out, ttl| encode::write_uint(out, ttl).map(drop))?;
            }
        }
        for (index, text) in texts.into_iter().enumerate() {
            if 9 + index < written {
                write_optional(out, text.as_deref(), encode::write_str)?;
            }
        }
        out.extend_from_slice(&self.unknown.bytes);
        Ok(())
    }

    /// Up to the last element that is not nil.
    fn element_count(&self, texts: &[&Option<String>; 5]) -> u32 {
        if self.unknown.count > 0 {
            return KNOWN_ELEMENTS + self.unknown.count;
        }
        let present = [self.access_ttl.is_some(), self.idle_ttl.is_some()]
            .into_iter()
            .chain(texts.iter().map(|text| text.is_some()));
        (8..).zip(present).filter(|(_, is_present)| *is_present).map(|(count, _)| count).last().unwrap_or(7)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`DecodeError`] for anything that is not a whole record of a known version.
    pub fn decode(mut value: &[u8]) -> Result<Self, DecodeError> {
        let mut elements = Elements::open(&mut value)?;
        let [generation, issued_at, rotated_at, idle_expiry, absolute_expiry] = elements.required()?;
        Ok(Self {
            generation,
            issued_at,
            rotated_at,
            idle_expiry,
            absolute_expiry,
            claims_version: elements.number()?.unwrap_or(0),
            access_ttl: elements.number()?,
            idle_ttl: elements.number()?,
            client: elements.text()?.map(str::to_owned),
            audience: elements.text()?.map(str::to_owned),
            class: elements.text()?.map(str::to_owned),
            meta: elements.text()?.map(str::to_owned),
            claims: elements.text()?.map(str::to_owned),
            unknown: elements.rest()?,
        })
    }
}

fn write_optional<T>(
    out: &mut Vec<u8>,
    value: Option<T>,
    write: impl Fn(&mut Vec<u8>, T) -> Result<(), encode::ValueWriteError>,
) -> Result<(), std::io::Error> {
    match value {
        Some(value) => Ok(write(out, value)?),
        None => encode::write_nil(out),
    }
}
