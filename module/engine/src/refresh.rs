//! The refresh token: computed, not stored.
//!
//! `hp1.<kid>.<subject>.<login>.<gen>.<mac>`, where subject, login (22 bytes) and mac are base64url, gen is decimal,
//! and the MAC is HMAC-SHA256 over everything before its dot; in a database other than 0, over that, a dot and the
//! database's number. Since nothing about a token is stored, every generation that ever was is recognised for ever, and
//! a forgery can be told from a reuse.

use crate::access::AccessToken;
use crate::base64url::{decode, decode_array, encode_onto, encoded_len};
use crate::keys::{Keyring, RefreshKey};
use crate::login::{self, Login};
use crate::record::MAX_GENERATION;
use crate::token::{MAX_BYTES, REFRESH_PREFIX};
use std::borrow::Cow;
use std::fmt;

/// Length of the MAC, 32 bytes in base64url.
const MAC_CHARS: usize = 43;
/// The most digits of a generation.
const GENERATION_CHARS: usize = 16;

/// The contents of an authentic refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// The user.
    pub subject: String,
    /// The login that began the session.
    pub login: Login,
    /// The generation that this token stands for.
    pub generation: u64,
}

impl RefreshToken {
    /// Returns whether an access token is of the same user and session id. The login may be another one.
    pub fn is_of_session_of(&self, access: &AccessToken) -> bool {
        access.sub() == self.subject.as_bytes() && access.login.sid == self.login.sid
    }
}

/// Not a refresh token of this ring: malformed, unknown or expired key, or wrong MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRefreshToken;

impl fmt::Display for InvalidRefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a refresh token of this ring")
    }
}

impl std::error::Error for InvalidRefreshToken {}

/// Returns the token of one generation in a database, in ASCII. The same arguments give the same text.
pub fn mint(key: &RefreshKey, subject: &str, login: &Login, generation: u64, database: u32) -> String {
    let five_dots = 5;
    let length = REFRESH_PREFIX.len()
        + key.kid().len()
        + encoded_len(subject.len())
        + login::TEXT_BYTES
        + GENERATION_CHARS
        + MAC_CHARS
        + five_dots;
    let mut text = Vec::with_capacity(length);
    for part in [REFRESH_PREFIX, ".", key.kid(), "."] {
        text.extend_from_slice(part.as_bytes());
    }
    encode_onto(&mut text, subject.as_bytes());
    text.push(b'.');
    login.encode_onto(&mut text);
    text.push(b'.');
    text.extend_from_slice(itoa::Buffer::new().format(generation).as_bytes());
    let mac = key.mac(&in_database(&text, database));
    text.push(b'.');
    encode_onto(&mut text, &mac);
    String::from_utf8(text).expect("letters, digits, hyphens, underscores and dots")
}

/// Opens a token of a database at `now` (Unix seconds): its form, its key, its MAC in constant time.
///
/// # Errors
/// [`InvalidRefreshToken`], without the reason.
pub fn open(
    ring: &Keyring,
    text: &[u8],
    now: u64,
    database: u32,
) -> Result<RefreshToken, InvalidRefreshToken> {
    authentic(ring, text, now, database).ok_or(InvalidRefreshToken)
}

fn authentic(ring: &Keyring, text: &[u8], now: u64, database: u32) -> Option<RefreshToken> {
    let text = (text.len() <= MAX_BYTES).then_some(text)?;
    let (body, [b'.', mac @ ..]) = text.split_last_chunk::<{ MAC_CHARS + 1 }>()? else {
        return None;
    };
    let mut parts = body.split(|byte| *byte == b'.');
    let (prefix, kid) = (parts.next()?, parts.next()?);
    let (subject, login, generation) = (parts.next()?, parts.next()?, parts.next()?);
    if prefix != REFRESH_PREFIX.as_bytes() || parts.next().is_some() {
        return None;
    }
    let key = ring.refresh_key_by_id(kid, now)?;
    if !key.is_mac_of(&in_database(body, database), &decode_array::<32>(mac)?) {
        return None;
    }
    Some(RefreshToken {
        subject: String::from_utf8(decode(subject)?).ok()?,
        login: Login::decode(login)?,
        generation: parse_generation(generation)?,
    })
}

/// Returns the bytes that the MAC covers. A body has five parts; the database's number is a sixth, so that no token of
/// database 0 has the same bytes.
fn in_database(body: &[u8], database: u32) -> Cow<'_, [u8]> {
    match database {
        0 => body.into(),
        _ => [body, b".", database.to_string().as_bytes()].concat().into(),
    }
}

/// Parses a generation: decimal without sign or leading zeros, with room for one more rotation.
fn parse_generation(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let is_canonical =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let generation: u64 = text.parse().ok()?;
    (is_canonical && generation < MAX_GENERATION).then_some(generation)
}
