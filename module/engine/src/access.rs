//! The access token: a JWT in the profile of RFC 9068, when issuer and audience are set.

use crate::keys::{Keyring, SigningKey, decode, encode};
use crate::{json, sid, token};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

const TYPE: &str = "at+jwt";

/// What a token says. Times are NumericDates: Unix seconds.
#[derive(Clone, Debug)]
pub struct Claims<'a> {
    /// Issuer, when configured.
    pub iss: Option<&'a str>,
    /// Audience, when configured or set for the session.
    pub aud: Option<&'a str>,
    /// The user.
    pub sub: &'a str,
    /// The session.
    pub sid: &'a Uuid,
    /// Generation of the session at which it was minted.
    pub generation: u64,
    /// Version of the claims.
    pub claims_version: u64,
    /// When the user authenticated: when the session was issued.
    pub auth_time: u64,
    /// When it was minted.
    pub iat: u64,
    /// When it ends.
    pub exp: u64,
    /// The client that the session is bound to.
    pub client_id: Option<&'a str>,
    /// Custom claims: a JSON object written by [`crate::json::claims`], whose members stand at the top level.
    pub custom: Option<&'a str>,
}

/// The cryptographic library failed to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningFailed;

/// Mints the token. The same arguments give the same text where signatures are deterministic (EdDSA, RS256, HS256).
///
/// # Errors
/// [`SigningFailed`], which is not expected.
pub fn mint(key: &SigningKey, claims: &Claims<'_>) -> Result<String, SigningFailed> {
    seal(key, unsigned(key, claims))
}

/// The token's encoded header and payload, which [`seal`] completes.
pub fn unsigned(key: &SigningKey, claims: &Claims<'_>) -> String {
    format!("{}.{}", key.header(), encode(payload(claims)))
}

/// Length of the token that `unsigned` becomes.
pub fn sealed_len(key: &SigningKey, unsigned: &str) -> usize {
    unsigned.len() + 1 + (key.signature_len() * 4).div_ceil(3)
}

/// Signs.
///
/// # Errors
/// [`SigningFailed`], which is not expected.
pub fn seal(key: &SigningKey, mut unsigned: String) -> Result<String, SigningFailed> {
    let signature = key.sign(unsigned.as_bytes()).map_err(|_| SigningFailed)?;
    unsigned.push('.');
    unsigned.push_str(&encode(signature));
    Ok(unsigned)
}

fn payload(claims: &Claims<'_>) -> String {
    let mut out = String::with_capacity(320 + claims.custom.map_or(0, str::len));
    let mut member = |name: &str, value: serde_json::Value| {
        out.push(if out.is_empty() { '{' } else { ',' });
        out.push_str(&format!("\"{name}\":{value}"));
    };
    for (name, value) in [("iss", claims.iss), ("aud", claims.aud), ("sub", Some(claims.sub))] {
        if let Some(value) = value {
            member(name, json!(value));
        }
    }
    member("sid", json!(claims.sid.to_string()));
    member("gen", json!(claims.generation));
    member("cv", json!(claims.claims_version));
    member("auth_time", json!(claims.auth_time));
    member("iat", json!(claims.iat));
    member("exp", json!(claims.exp));
    member("jti", json!(token_id(claims)));
    if let Some(client) = claims.client_id {
        member("client_id", json!(client));
    }
    let custom = claims.custom.and_then(|custom| custom.strip_prefix('{')?.strip_suffix('}'));
    if let Some(members) = custom.filter(|members| !members.is_empty()) {
        out.push(',');
        out.push_str(members);
    }
    out.push('}');
    out
}

/// Unique per session, generation and minting second, and the same for a retry.
fn token_id(claims: &Claims<'_>) -> String {
    format!("{}.{}.{}", encode(claims.sid.as_bytes()), claims.generation, claims.iat)
}

/// An access token whose form, key, signature and type are right; time, issuer and audience are the caller's to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The claims set exactly as signed.
    pub payload: String,
    /// The user.
    pub sub: String,
    /// The session.
    pub sid: Uuid,
    /// Generation of the session at which it was minted.
    pub generation: u64,
    /// Version of the claims.
    pub claims_version: u64,
    exp: u64,
    nbf: Option<u64>,
    iss: Option<String>,
    aud: Option<Audience>,
}

/// Why an authentic token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not for this subject, issuer or audience, or not yet valid.
    Invalid,
    /// Its time is over.
    Expired,
}

/// What an authentic token must say to be accepted.
#[derive(Clone, Debug)]
pub struct Expectations<'a> {
    /// The user that the key belongs to.
    pub subject: &'a str,
    /// Required issuer.
    pub issuer: Option<&'a str>,
    /// Required audience.
    pub audience: Option<&'a str>,
    /// Unix seconds.
    pub now: u64,
    /// Seconds by which clocks may differ.
    pub leeway: u64,
}

impl AccessToken {
    /// Checks subject, expiry, `nbf`, issuer and audience, in this order.
    ///
    /// # Errors
    /// [`Refusal`] of the first check that fails.
    pub fn check(&self, expected: &Expectations<'_>) -> Result<(), Refusal> {
        let now = expected.now;
        let has_begun = self.nbf.is_none_or(|nbf| nbf <= now.saturating_add(expected.leeway));
        let issuer_fits = expected.issuer.is_none_or(|issuer| self.iss.as_deref() == Some(issuer));
        let audience_fits = expected.audience.is_none_or(|audience| self.is_for(audience));
        if self.sub != expected.subject {
            Err(Refusal::Invalid)
        } else if now >= self.exp.saturating_add(expected.leeway) {
            Err(Refusal::Expired)
        } else if has_begun && issuer_fits && audience_fits {
            Ok(())
        } else {
            Err(Refusal::Invalid)
        }
    }

    fn is_for(&self, wanted: &str) -> bool {
        match &self.aud {
            None => false,
            Some(Audience::One(audience)) => audience == wanted,
            Some(Audience::Many(audiences)) => audiences.iter().any(|audience| audience == wanted),
        }
    }
}

/// Not an access token of this ring: malformed, unknown or expired key, wrong algorithm, signature or type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAccessToken;

/// The three encoded parts of a compact JWS (RFC 7515 §7.1) with the key that its header names.
pub struct Opened<'t, 'r> {
    text: &'t str,
    payload: &'t str,
    signature: &'t str,
    key: &'r SigningKey,
}

/// Reads form, `kid` and `alg`, and finds the key, which must be unexpired at `now` (Unix seconds). Nothing is proven yet.
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
    /// The key that the header names.
    pub fn key(&self) -> &SigningKey {
        self.key
    }

    /// Whether the signature is right.
    pub fn signature_is_right(&self) -> bool {
        let signed = &self.text[..self.text.len() - self.signature.len() - 1];
        self.key.verify(signed.as_bytes(), self.signature)
    }

    /// Reads the claims. To be called only once the signature was found right.
    ///
    /// # Errors
    /// [`InvalidAccessToken`] when a claim that every access token of ours has is missing or malformed.
    pub fn claims(&self) -> Result<AccessToken, InvalidAccessToken> {
        read_claims(self.payload).ok_or(InvalidAccessToken)
    }
}

/// Opens a token and proves it: form, key, signature, type, claims present. Time, issuer and audience are not looked at.
///
/// # Errors
/// [`InvalidAccessToken`], which says nothing about why.
pub fn authenticate(ring: &Keyring, text: &[u8], now: u64) -> Result<AccessToken, InvalidAccessToken> {
    let opened = open(ring, text, now)?;
    if opened.signature_is_right() { opened.claims() } else { Err(InvalidAccessToken) }
}

/// `typ`, `alg` and `kid` and nothing else: no `crit`, no `b64`, no key of the sender's (RFC 8725 §3.1, §3.10, §3.11).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    kid: String,
}

fn key_named_by<'r>(ring: &'r Keyring, encoded: &str, now: u64) -> Option<&'r SigningKey> {
    let header: Header = json::object(&decode(encoded)?)?;
    let key = ring.verifying_key(&header.kid, now)?;
    (header.alg == key.alg().name() && header.typ == TYPE).then_some(key)
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Payload {
    sub: String,
    sid: String,
    r#gen: u64,
    cv: u64,
    exp: u64,
    nbf: Option<u64>,
    iss: Option<String>,
    aud: Option<Audience>,
}

fn read_claims(encoded: &str) -> Option<AccessToken> {
    let payload = String::from_utf8(decode(encoded)?).ok()?;
    let claims: Payload = json::object(payload.as_bytes())?;
    Some(AccessToken {
        sid: sid::parse(claims.sid.as_bytes())?,
        sub: claims.sub,
        generation: claims.r#gen,
        claims_version: claims.cv,
        exp: claims.exp,
        nbf: claims.nbf,
        iss: claims.iss,
        aud: claims.aud,
        payload,
    })
}
