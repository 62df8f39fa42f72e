//! The session record: one field of a user's hash, as a compact MessagePack array.
//!
//! ```text
//! [version, gen, issued-at, rotated-at, idle expiry, absolute expiry,      fixed: 47 bytes in all
//!  claims version, access TTL, idle TTL, client, audience, class, meta, claims, public, shared, auth time, …]
//! ```
//!
//! Times are Unix milliseconds, TTLs and the auth time seconds. Numbers that change at each rotation are of fixed
//! width, so that rotating never changes the size of a hash. Nil elements at the end are left out: a session without
//! options has 48 bytes. Elements after the ones known here were written by a later release; they are kept and ignored.

mod elements;
mod view;

pub use elements::{DecodeError, MAX_GENERATION, Unknown};
pub use view::{RecordView, SessionError};

use crate::login::Login;
use crate::time::seconds;
use elements::{Elements, VERSION};
use rmp::encode;

/// One login on one device: the token family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// The number of rotations.
    pub generation: u64,
    /// When it was issued, in ms; below [`MAX_ISSUED_AT`](crate::login::MAX_ISSUED_AT).
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
    /// The client that its tokens name, and that it is bound to unless `is_public`.
    pub client: Option<String>,
    /// The audience of its access tokens, when it was set for this session.
    pub audience: Option<String>,
    /// Class of device, for limits.
    pub class: Option<String>,
    /// The application's notes about the device: a JSON object.
    pub meta: Option<String>,
    /// Custom claims: a JSON object.
    pub claims: Option<String>,
    /// Whether anybody may refresh it, although it has a client.
    pub is_public: bool,
    /// The most generations that a refresh token may be behind, if it was set for this session.
    pub shared: Option<u64>,
    /// When the user authenticated, in Unix seconds, if that was not when the session was issued.
    pub auth_time: Option<u64>,
    /// The elements that a later release wrote after the ones known here.
    pub unknown: Unknown,
}

/// An element after the fixed ones.
enum Element<'a> {
    Number(u64),
    Text(&'a str),
    True,
}

impl<'a> Element<'a> {
    fn text(text: &'a Option<String>) -> Option<Self> {
        text.as_deref().map(Self::Text)
    }
}

impl Session {
    /// Returns whether it has ended at `now` (ms), or was issued before `not_before` (ms).
    pub fn is_over(&self, now: u64, not_before: u64) -> bool {
        now >= self.idle_expiry || now >= self.absolute_expiry || self.issued_at < not_before
    }

    /// Returns whether this is the session that `login` began: its id may have been issued again since.
    pub fn is_of(&self, login: &Login) -> bool {
        self.issued_at == login.issued_at
    }

    /// Returns the client that it is bound to, if any.
    pub fn bound_to(&self) -> Option<&str> {
        self.client.as_deref().filter(|_| !self.is_public)
    }

    /// Returns whether it answers to `client`: a bound session to its own client only, any other to everybody.
    pub fn answers_to(&self, client: Option<&str>) -> bool {
        self.bound_to().is_none_or(|bound| client == Some(bound))
    }

    /// Returns when the user authenticated, in Unix seconds.
    pub fn authenticated_at(&self) -> u64 {
        self.auth_time.unwrap_or(seconds(self.issued_at))
    }

    /// Replaces the custom claims at `now` (ms), so that access tokens with the previous ones become stale. The version
    /// is capped, since a record with a larger one would be unreadable.
    pub fn replace_claims(&mut self, claims: String, now: u64) {
        self.claims = Some(claims);
        self.claims_version = (self.claims_version + 1).max(seconds(now)).min(MAX_GENERATION);
    }

    /// Encodes the record as stored.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        // Writing to a Vec cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), std::io::Error> {
        let optional = self.optional();
        let optional = &optional[..self.written(&optional)];
        let known = u32::try_from(optional.len()).unwrap_or(0) + FIXED_ELEMENTS;
        encode::write_array_len(out, known + self.unknown.count)?;
        encode::write_uint(out, VERSION)?;
        for fixed in
            [self.generation, self.issued_at, self.rotated_at, self.idle_expiry, self.absolute_expiry]
        {
            encode::write_u64(out, fixed)?;
        }
        encode::write_uint(out, self.claims_version)?;
        optional.iter().try_for_each(|element| write_element(out, element.as_ref()))?;
        out.extend_from_slice(&self.unknown.bytes);
        Ok(())
    }

    /// Returns the optional elements in the order of the record.
    fn optional(&self) -> [Option<Element<'_>>; 10] {
        [
            self.access_ttl.map(Element::Number),
            self.idle_ttl.map(Element::Number),
            Element::text(&self.client),
            Element::text(&self.audience),
            Element::text(&self.class),
            Element::text(&self.meta),
            Element::text(&self.claims),
            self.is_public.then_some(Element::True),
            self.shared.map(Element::Number),
            self.auth_time.map(Element::Number),
        ]
    }

    /// Returns how many of the optional elements are written: up to the last one that is set, or all if unknown ones
    /// follow.
    fn written(&self, optional: &[Option<Element<'_>>]) -> usize {
        if self.unknown.count > 0 {
            return optional.len();
        }
        optional.iter().rposition(Option::is_some).map_or(0, |last| last + 1)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`DecodeError`] for anything but a complete record of a known version.
    pub fn decode(mut value: &[u8]) -> Result<Self, DecodeError> {
        let mut elements = Elements::open(&mut value)?;
        let [generation, issued_at, rotated_at, idle_expiry, absolute_expiry] = elements.fixed()?;
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
            is_public: elements.flag()?,
            shared: elements.number()?,
            auth_time: elements.number()?,
            unknown: elements.rest()?,
        })
    }
}

/// Version, generation, four times and the claims version.
const FIXED_ELEMENTS: u32 = 7;

fn write_element(out: &mut Vec<u8>, element: Option<&Element<'_>>) -> Result<(), std::io::Error> {
    match element {
        None => encode::write_nil(out),
        Some(Element::Number(number)) => Ok(encode::write_uint(out, *number).map(drop)?),
        Some(Element::Text(text)) => Ok(encode::write_str(out, text)?),
        Some(Element::True) => encode::write_bool(out, true),
    }
}
