//! The refresh token: computed, not stored.
//!
//! `hp1.<kid>.<subject>.<sid>.<gen>.<mac>`, where subject, sid (16 bytes) and mac are base64url, gen is decimal, and the
//! MAC is HMAC-SHA256 over everything before its dot. Since nothing about a token is stored, every generation that ever
//! was is recognised for ever, and a forgery can be told from a reuse.

use crate::keys::{Keyring, RefreshKey, decode, decode_array, encoded_len};
use crate::record::MAX_GENERATION;
use crate::{sid, token};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// First part of every refresh token of this version: secret scanners can know it.
pub const PREFIX: &str = "hp1";

/// What an authentic refresh token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// The user.
    pub subject: String,
    /// The session.
    pub sid: Uuid,
    /// The generation that this token stands for.
    pub generation: u64,
}

/// Not a refresh token of this ring: malformed, unknown or expired key, or wrong MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRefreshToken;

/// The token of one generation. The same arguments give the same text.
pub fn mint(key: &RefreshKey, subject: &str, sid: &Uuid, generation: u64) -> String {
    // Three fixed parts of 22, 43 and at most 16 characters, and five dots.
    let length = PREFIX.len() + key.kid().len() + encoded_len(subject.len()) + 86;
    let mut text = String::with_capacity(length);
    for part in [PREFIX, ".", key.kid(), "."] {
        text.push_str(part);
    }
    URL_SAFE_NO_PAD.encode_string(subject, &mut text);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(sid.as_bytes(), &mut text);
    text.push('.');
    text.push_str(itoa::Buffer::new().format(generation));
    let mac = key.mac(text.as_bytes());
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(mac, &mut text);
    text
}

/// Opens a token at `now` (Unix seconds): its form, its key, its MAC in constant time.
///
/// # Errors
/// [`InvalidRefreshToken`], which says nothing about why.
pub fn open(ring: &Keyring, text: &[u8], now: u64) -> Result<RefreshToken, InvalidRefreshToken> {
    authentic(ring, text, now).ok_or(InvalidRefreshToken)
}

fn authentic(ring: &Keyring, text: &[u8], now: u64) -> Option<RefreshToken> {
    let text = (text.len() <= token::MAX_BYTES).then_some(text)?;
    let (body, mac) = std::str::from_utf8(text).ok()?.rsplit_once('.')?;
    let mut parts = body.split('.');
    let (prefix, kid) = (parts.next()?, parts.next()?);
    let (subject, sid, generation) = (parts.next()?, parts.next()?, parts.next()?);
    if prefix != PREFIX || parts.next().is_some() {
        return None;
    }
    let key = ring.refresh_key_by_id(kid, now)?;
    if !key.is_mac_of(body.as_bytes(), &decode_array::<32>(mac)?) {
        return None;
    }
    Some(RefreshToken {
        subject: String::from_utf8(decode(subject)?).ok()?,
        sid: sid::from_bytes(&decode_array::<16>(sid)?)?,
        generation: parse_generation(generation)?,
    })
}

/// Decimal without sign or leading zeros, and with room for one more rotation.
fn parse_generation(text: &str) -> Option<u64> {
    let is_canonical =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let generation: u64 = text.parse().ok()?;
    (is_canonical && generation < MAX_GENERATION).then_some(generation)
}
