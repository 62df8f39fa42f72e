//! Reads the elements of a record, one after the other, from bytes that anybody may have stored.

use crate::login::MAX_ISSUED_AT;
use rmp::{Marker, decode};
use std::fmt;

/// Generations, times and claims versions stay below this, so that every JSON reader can hold them.
pub const MAX_GENERATION: u64 = (1 << 53) - 1;

pub(super) const VERSION: u64 = 1;
const REQUIRED_ELEMENTS: u32 = 6;

/// The field's value is not a record that this release can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError;

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a session record that this release can read")
    }
}

impl std::error::Error for DecodeError {}

/// Trailing elements, kept as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    pub(super) count: u32,
    pub(super) bytes: Vec<u8>,
}

/// The elements after the version, of which those at the end may be missing.
pub(super) struct Elements<'s, 'v> {
    source: &'s mut &'v [u8],
    left: u32,
}

impl<'s, 'v> Elements<'s, 'v> {
    /// Reads the head of the record: the number of elements, and a version that this release knows.
    pub(super) fn open(source: &'s mut &'v [u8]) -> Result<Self, DecodeError> {
        let count = decode::read_array_len(source).map_err(|_| DecodeError)?;
        if count < REQUIRED_ELEMENTS || read_number(source)? != VERSION {
            return Err(DecodeError);
        }
        Ok(Self { source, left: count - 1 })
    }

    /// Returns the numbers that every record has: generation, issued-at, rotated-at, idle expiry, absolute expiry.
    pub(super) fn fixed(&mut self) -> Result<[u64; 5], DecodeError> {
        let mut numbers = [0; 5];
        for number in &mut numbers {
            *number = self.number()?.ok_or(DecodeError)?;
        }
        if numbers[1] < MAX_ISSUED_AT { Ok(numbers) } else { Err(DecodeError) }
    }

    /// Steps to the next element; `false` when it is missing or nil.
    fn next(&mut self) -> Result<bool, DecodeError> {
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        let marker = self.source.first().ok_or(DecodeError)?;
        if *marker == Marker::Null.to_u8() {
            *self.source = &self.source[1..];
            return Ok(false);
        }
        Ok(true)
    }

    pub(super) fn number(&mut self) -> Result<Option<u64>, DecodeError> {
        if self.next()? { read_number(self.source).map(Some) } else { Ok(None) }
    }

    pub(super) fn text(&mut self) -> Result<Option<&'v str>, DecodeError> {
        if !self.next()? {
            return Ok(None);
        }
        let (text, rest) = decode::read_str_from_slice(*self.source).map_err(|_| DecodeError)?;
        *self.source = rest;
        Ok(Some(text))
    }

    /// Reads a flag, which is false if it is missing, nil or false.
    pub(super) fn flag(&mut self) -> Result<bool, DecodeError> {
        if self.next()? { decode::read_bool(self.source).map_err(|_| DecodeError) } else { Ok(false) }
    }

    /// Returns everything after the known elements, which must end with the record.
    pub(super) fn rest(self) -> Result<Unknown, DecodeError> {
        let start = *self.source;
        for _ in 0..self.left {
            skip(self.source)?;
        }
        let length = start.len() - self.source.len();
        if !self.source.is_empty() {
            return Err(DecodeError);
        }
        Ok(Unknown { count: self.left, bytes: start[..length].to_vec() })
    }
}

/// Steps over one element of any type. It counts the elements to come instead of recursing, so that no nesting can
/// exhaust the stack, and each round consumes at least one byte.
fn skip(source: &mut &[u8]) -> Result<(), DecodeError> {
    let mut pending = 1_u64;
    while pending > 0 {
        let (bytes, children) = match decode::read_marker(source).map_err(|_| DecodeError)? {
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
            Marker::Reserved => return Err(DecodeError),
        };
        take(source, bytes)?;
        pending = (pending - 1).saturating_add(children);
    }
    Ok(())
}

/// Reads a big-endian length of `N` bytes.
fn length<const N: usize>(source: &mut &[u8]) -> Result<u64, DecodeError> {
    let bytes = take(source, N as u64)?;
    Ok(bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)))
}

fn take<'v>(source: &mut &'v [u8], count: u64) -> Result<&'v [u8], DecodeError> {
    let count = usize::try_from(count).map_err(|_| DecodeError)?;
    let (taken, rest) = source.split_at_checked(count).ok_or(DecodeError)?;
    *source = rest;
    Ok(taken)
}

fn read_number(source: &mut &[u8]) -> Result<u64, DecodeError> {
    let number = match **source {
        // This release writes numbers of fixed width, and small ones. Other writers may use the remaining forms.
        [0xcf, a, b, c, d, e, f, g, h, ref rest @ ..] => {
            *source = rest;
            u64::from_be_bytes([a, b, c, d, e, f, g, h])
        }
        [small @ 0..=0x7f, ref rest @ ..] => {
            *source = rest;
            u64::from(small)
        }
        _ => decode::read_int(source).map_err(|_| DecodeError)?,
    };
    if number <= MAX_GENERATION { Ok(number) } else { Err(DecodeError) }
}
