//! Opens an access token: from its text to its proven claims.

use super::token::{AccessToken, Audience};
use crate::base64url::decode;
use crate::keys::{Algorithm, Keyring, SigningKey};
use crate::login::{Login, MAX_ISSUED_AT};
use crate::token::{self, TokenType};
use crate::{json, sid};
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Not an access token of this ring: malformed, unknown or expired key, wrong algorithm, signature or type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAccessToken;

impl fmt::Display for InvalidAccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an access token of this ring")
    }
}

impl std::error::Error for InvalidAccessToken {}

/// The three encoded parts of a compact JWS (RFC 7515 §7.1) with the key that its header names.
pub struct Opened<'t, 'r> {
    text: &'t str,
    payload: &'t str,
    signature: &'t str,
    key: &'r SigningKey,
}

/// Opens a token and proves form, key, signature, type, and that its claims are present. Does not check time, issuer
/// and audience.
///
/// # Errors
/// [`InvalidAccessToken`], without the reason.
pub fn authenticate(ring: &Keyring, text: &[u8], now: u64) -> Result<AccessToken, InvalidAccessToken> {
    let opened = open(ring, text, now)?;
    if opened.signature_is_right() { opened.claims() } else { Err(InvalidAccessToken) }
}

/// Reads form, `kid` and `alg`, and finds the key, which must be unexpired at `now` (Unix seconds). Proves nothing yet.
///
/// # Errors
/// [`InvalidAccessToken`].
pub fn open<'t, 'r>(
    ring: &'r Keyring,
    text: &'t [u8],
    now: u64,
) -> Result<Opened<'t, 'r>, InvalidAccessToken> {
    split(ring, text, now).ok_or(InvalidAccessToken)
}

fn split<'t, 'r>(ring: &'r Keyring, text: &'t [u8], now: u64) -> Option<Opened<'t, 'r>> {
    let text = (text.len() <= token::MAX_BYTES).then_some(text)?;
    let text = std::str::from_utf8(text).ok()?;
    let (signed, signature) = text.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    if payload.contains('.') {
        return None;
    }
    let key = key_named_by(ring, header, now)?;
    Some(Opened { text, payload, signature, key })
}

impl Opened<'_, '_> {
    /// Returns the key that the header names.
    pub fn key(&self) -> &SigningKey {
        self.key
    }

    /// Returns whether the signature is valid.
    pub fn signature_is_right(&self) -> bool {
        let signed = &self.text[..self.text.len() - self.signature.len() - 1];
        self.key.verify(signed.as_bytes(), self.signature)
    }

    /// Reads the claims. Call it only after the signature was found valid.
    ///
    /// # Errors
    /// [`InvalidAccessToken`] when a claim that every access token of ours has is missing or malformed.
    pub fn claims(&self) -> Result<AccessToken, InvalidAccessToken> {
        self.read_claims().ok_or(InvalidAccessToken)
    }

    fn read_claims(&self) -> Option<AccessToken> {
        let payload = decode(self.payload)?;
        let claims: Payload<'_> = json::object(&payload)?;
        let login = login_of(&claims)?;
        let mut texts = Texts(Vec::with_capacity(self.text.len() + 2 * payload.len()));
        Some(AccessToken {
            text: texts.add(self.text),
            payload: texts.add(&payload),
            sub: texts.add(&*claims.sub),
            iss: claims.iss.map(|iss| texts.add(&*iss)),
            aud: match claims.aud {
                None => Audience::Nobody,
                Some(Aud::One(aud)) => Audience::One(texts.add(&*aud)),
                Some(Aud::Many(all)) => Audience::Many(all.iter().map(|aud| texts.add(&**aud)).collect()),
            },
            bytes: texts.0,
            login,
            database: claims.db.unwrap_or(0),
            generation: claims.r#gen,
            claims_version: claims.cv,
            exp: claims.exp,
            nbf: claims.nbf,
            key_exp: self.key.validity().exp,
        })
    }
}

/// Several texts, one after the other in one buffer.
struct Texts(Vec<u8>);

impl Texts {
    fn add(&mut self, text: impl AsRef<[u8]>) -> Range<usize> {
        let start = self.0.len();
        self.0.extend_from_slice(text.as_ref());
        start..self.0.len()
    }
}

/// `typ`, `alg` and `kid` and nothing else: no `crit`, no `b64`, no key from the sender (RFC 8725 §3.1, §3.10, §3.11).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'h> {
    #[serde(borrow)]
    typ: Cow<'h, str>,
    #[serde(borrow)]
    alg: Cow<'h, str>,
    #[serde(borrow)]
    kid: Cow<'h, str>,
}

/// Finds the key that this header names, whether the header is written as we write it or in another way.
fn key_named_by<'r>(ring: &'r Keyring, encoded: &str, now: u64) -> Option<&'r SigningKey> {
    ring.verifying_key_of_header(encoded, now).or_else(|| {
        let header = decode(encoded)?;
        let header: Header<'_> = json::object(&header)?;
        let key = ring.verifying_key(&header.kid, now)?;
        let is_right =
            Algorithm::of_header(&header.alg) == Some(key.alg()) && TokenType::named(&header.typ).is_some();
        is_right.then_some(key)
    })
}

/// Returns the login with which `jti` begins. If its session id is not `sid`, it fits no record.
fn login_of(claims: &Payload<'_>) -> Option<Login> {
    let login = Login::decode(claims.jti.split('.').next()?.as_bytes())?;
    let sid = sid::parse(claims.sid.as_bytes())?;
    Some(if login.sid == sid { login } else { Login { sid, issued_at: MAX_ISSUED_AT } })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Aud {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Payload<'p> {
    #[serde(borrow)]
    sub: Cow<'p, str>,
    #[serde(borrow)]
    sid: Cow<'p, str>,
    #[serde(borrow)]
    jti: Cow<'p, str>,
    db: Option<u32>,
    r#gen: u64,
    cv: u64,
    exp: u64,
    nbf: Option<u64>,
    #[serde(borrow)]
    iss: Option<Cow<'p, str>>,
    aud: Option<Aud>,
}
