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

use rmp::{Marker, decode, encode};

/// Generations, times and claims versions stay below this, so that every JSON reader can hold them.
pub const MAX_GENERATION: u64 = (1 << 53) - 1;

const VERSION: u64 = 1;
const REQUIRED_ELEMENTS: u32 = 6;
const KNOWN_ELEMENTS: u32 = 14;

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

/// Trailing elements, kept as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    count: u32,
    bytes: Vec<u8>,
}

/// The field's value is no record that this release can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl Session {
    /// Whether it has ended at `now` (ms), or was issued before `not_before` (ms).
    pub fn is_over(&self, now: u64, not_before: u64) -> bool {
        now >= self.idle_expiry || now >= self.absolute_expiry || self.issued_at < not_before
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
    /// [`Unreadable`] for anything that is not a whole record of a known version.
    pub fn decode(mut value: &[u8]) -> Result<Self, Unreadable> {
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

/// What verification, limits, lists and revocations need to know of a record, without a copy of the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance<'v> {
    /// As in [`Session`].
    pub rotated_at: u64,
    /// As in [`Session`].
    pub claims_version: u64,
    /// As in [`Session`].
    pub class: Option<&'v str>,
    issued_at: u64,
    end: u64,
}

impl<'v> Glance<'v> {
    /// Looks at a record.
    ///
    /// # Errors
    /// [`Unreadable`] for exactly what [`Session::decode`] cannot read.
    pub fn read(mut value: &'v [u8]) -> Result<Self, Unreadable> {
        let mut elements = Elements::open(&mut value)?;
        let [_generation, issued_at, rotated_at, idle_expiry, absolute_expiry] = elements.required()?;
        let claims_version = elements.number()?.unwrap_or(0);
        let _ttls = (elements.number()?, elements.number()?);
        let _client_and_audience = (elements.text()?, elements.text()?);
        let class = elements.text()?;
        let _meta_and_claims = (elements.text()?, elements.text()?);
        elements.rest()?;
        Ok(Self { rotated_at, claims_version, class, issued_at, end: idle_expiry.min(absolute_expiry) })
    }

    /// As [`Session::is_over`].
    pub fn is_over(&self, now: u64, not_before: u64) -> bool {
        now >= self.end || self.issued_at < not_before
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

/// The elements behind the version, of which those at the end may be missing.
struct Elements<'s, 'v> {
    source: &'s mut &'v [u8],
    left: u32,
}

impl<'s, 'v> Elements<'s, 'v> {
    /// Reads what comes before the elements: their number, and a version that this release knows.
    fn open(source: &'s mut &'v [u8]) -> Result<Self, Unreadable> {
        let count = decode::read_array_len(source).map_err(|_| Unreadable)?;
        if count < REQUIRED_ELEMENTS || read_number(source)? != VERSION {
            return Err(Unreadable);
        }
        Ok(Self { source, left: count - 1 })
    }

    /// The numbers that every record has.
    fn required<const N: usize>(&mut self) -> Result<[u64; N], Unreadable> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.number()?.ok_or(Unreadable)?;
        }
        Ok(numbers)
    }

    /// Steps to the next element; `false` when it is missing or nil.
    fn next(&mut self) -> Result<bool, Unreadable> {
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        let marker = self.source.first().ok_or(Unreadable)?;
        if *marker == Marker::Null.to_u8() {
            *self.source = &self.source[1..];
            return Ok(false);
        }
        Ok(true)
    }

    fn number(&mut self) -> Result<Option<u64>, Unreadable> {
        if self.next()? { read_number(self.source).map(Some) } else { Ok(None) }
    }

    fn text(&mut self) -> Result<Option<&'v str>, Unreadable> {
        if !self.next()? {
            return Ok(None);
        }
        let (text, rest) = decode::read_str_from_slice(*self.source).map_err(|_| Unreadable)?;
        *self.source = rest;
        Ok(Some(text))
    }

    /// Everything behind the known elements, which must be the end of the record.
    fn rest(self) -> Result<Unknown, Unreadable> {
        let start = *self.source;
        for _ in 0..self.left {
            skip(self.source)?;
        }
        let length = start.len() - self.source.len();
        if !self.source.is_empty() {
            return Err(Unreadable);
        }
        Ok(Unknown { count: self.left, bytes: start[..length].to_vec() })
    }
}

/// Steps over one element of any type. It counts what is still to come instead of recursing: no nesting that somebody
/// stores can exhaust the stack, and each round consumes at least one byte.
fn skip(source: &mut &[u8]) -> Result<(), Unreadable> {
    let mut pending = 1_u64;
    while pending > 0 {
        let (bytes, children) = match decode::read_marker(source).map_err(|_| Unreadable)? {
            Marker::Null | Marker::True | Marker::False | Marker::FixPos(_) | Marker::FixNeg(_) => (0, 0),
            Marker::U8 | Marker::I8 => (1, 0),
            Marker::U16 | Marker::I16 => (2, 0),
            Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
            Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
            Marker::FixStr(length) => (u64::from(length), 0),
            Marker::Str8 | Marker::Bin8 => (length::<1>(source)?, 0),
            Marker::Str16 | Marker::Bin16 => (length::<2>(source)?, 0),
            Marker::Str32 | Marker::Bin32 => (length::<4>(source)?, 0),
            // An extension has its type, one byte, before its data.
            Marker::FixExt1 => (2, 0),
            Marker::FixExt2 => (3, 0),
            Marker::FixExt4 => (5, 0),
            Marker::FixExt8 => (9, 0),
            Marker::FixExt16 => (17, 0),
            Marker::Ext8 => (length::<1>(source)? + 1, 0),
            Marker::Ext16 => (length::<2>(source)? + 1, 0),
            Marker::Ext32 => (length::<4>(source)? + 1, 0),
            Marker::FixArray(count) => (0, u64::from(count)),
            Marker::Array16 => (0, length::<2>(source)?),
            Marker::Array32 => (0, length::<4>(source)?),
            Marker::FixMap(count) => (0, 2 * u64::from(count)),
            Marker::Map16 => (0, 2 * length::<2>(source)?),
            Marker::Map32 => (0, 2 * length::<4>(source)?),
            Marker::Reserved => return Err(Unreadable),
        };
        take(source, bytes)?;
        pending = (pending - 1).saturating_add(children);
    }
    Ok(())
}

/// A big-endian length of `N` bytes.
fn length<const N: usize>(source: &mut &[u8]) -> Result<u64, Unreadable> {
    let bytes = take(source, N as u64)?;
    Ok(bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)))
}

fn take<'v>(source: &mut &'v [u8], count: u64) -> Result<&'v [u8], Unreadable> {
    let count = usize::try_from(count).map_err(|_| Unreadable)?;
    let (taken, rest) = source.split_at_checked(count).ok_or(Unreadable)?;
    *source = rest;
    Ok(taken)
}

fn read_number(source: &mut &[u8]) -> Result<u64, Unreadable> {
    let number = match **source {
        // How this release writes numbers: of fixed width, and small ones. The rest is for what others may write.
        [0xcf, a, b, c, d, e, f, g, h, ref rest @ ..] => {
            *source = rest;
            u64::from_be_bytes([a, b, c, d, e, f, g, h])
        }
        [small @ 0..=0x7f, ref rest @ ..] => {
            *source = rest;
            u64::from(small)
        }
        _ => decode::read_int(source).map_err(|_| Unreadable)?,
    };
    if number <= MAX_GENERATION { Ok(number) } else { Err(Unreadable) }
}
