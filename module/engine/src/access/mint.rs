//! Mints access tokens: the same claims give the same text, byte for byte, if the signature is deterministic.

use super::payload;
use super::token::{AccessToken, Audience};
use crate::base64url::{encode_into, encode_within, encoded_len};
use crate::keys::SigningKey;
use crate::login::Login;
use crate::record::MAX_GENERATION;
use crate::token::TokenType;
use std::fmt;
use std::ops::Range;

/// The contents of an access token. Times are NumericDates: Unix seconds.
#[derive(Clone, Debug)]
pub struct Claims<'a> {
    /// The header member `typ`.
    pub typ: TokenType,
    /// Issuer, when configured.
    pub iss: Option<&'a str>,
    /// Audience, when configured or set for the session.
    pub aud: Option<&'a str>,
    /// The user.
    pub sub: &'a str,
    /// The login that began the session.
    pub login: &'a Login,
    /// The database that the session is in.
    pub database: u32,
    /// The session's generation when the token was minted.
    pub generation: u64,
    /// Version of the claims.
    pub claims_version: u64,
    /// When the user authenticated.
    pub auth_time: u64,
    /// When it was minted.
    pub iat: u64,
    /// When it expires.
    pub exp: u64,
    /// The client of the session.
    pub client_id: Option<&'a str>,
    /// Custom claims: a JSON object written by [`crate::json::claims`], whose members stand at the top level.
    pub custom: Option<&'a str>,
}

/// The cryptographic library failed to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignError;

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the cryptographic library failed to sign")
    }
}

impl std::error::Error for SignError {}

/// Mints the token. The same arguments give the same text if the signature is deterministic (EdDSA, RS256, HS256).
///
/// # Errors
/// [`SignError`], which is not expected.
pub fn mint(key: &SigningKey, claims: &Claims<'_>) -> Result<String, SignError> {
    let token = unsigned(key, claims).sign(key)?;
    String::from_utf8(token.text().to_vec()).map_err(|_| SignError)
}

/// Returns the length of the longest token that a session with these claims can come to have: at any generation, time and
/// claims version, and signed by any key up to RSA with 4096 bits. Issuer and audience are as they are.
pub fn longest(claims: &Claims<'_>) -> usize {
    let end = Claims {
        generation: MAX_GENERATION,
        claims_version: MAX_GENERATION,
        iat: MAX_GENERATION,
        exp: MAX_GENERATION,
        ..claims.clone()
    };
    let mut payload = Vec::with_capacity(payload::length_of(&end));
    payload::write(&mut payload, &end);
    encoded_len(LONGEST_HEADER) + encoded_len(payload.len()) + encoded_len(LONGEST_SIGNATURE) + 2
}

/// Bytes of a header with the longer type, the longest name of an algorithm and the longest key id.
const LONGEST_HEADER: usize = r#"{"typ":"at+jwt","alg":"EdDSA","kid":""}"#.len() + 64;
/// Bytes of a signature by an RSA key of 4096 bits.
const LONGEST_SIGNATURE: usize = 512;

/// A token that lacks only its signature. Its text and its claims lie in one allocation, which the finished token takes
/// over.
pub struct Unsigned {
    token: AccessToken,
}

/// Builds the token without its signature, for `key` to sign.
pub fn unsigned(key: &SigningKey, claims: &Claims<'_>) -> Unsigned {
    let length = payload::length_of(claims);
    // Room for the payload, plain and encoded, and for the parts that are compared: one allocation, hardly larger than
    // needed.
    let named = [claims.iss, claims.aud, Some(claims.sub)];
    let named: usize = named.into_iter().flatten().map(str::len).sum();
    let header = key.header(claims.typ);
    let encoded = header.len() + encoded_len(length) + encoded_len(key.signature_len()) + 2;
    let mut bytes = Vec::with_capacity(length + named + encoded);

    payload::write(&mut bytes, claims);
    let payload = 0..bytes.len();
    let sub = append(&mut bytes, claims.sub);
    let iss = claims.iss.map(|iss| append(&mut bytes, iss));
    let aud = claims.aud.map_or(Audience::Nobody, |aud| Audience::One(append(&mut bytes, aud)));
    let start = bytes.len();
    bytes.extend_from_slice(header.as_bytes());
    bytes.push(b'.');
    encode_within(&mut bytes, payload.clone());
    let text = start..bytes.len();
    Unsigned {
        token: AccessToken {
            bytes,
            text,
            payload,
            sub,
            iss,
            aud,
            login: *claims.login,
            database: claims.database,
            generation: claims.generation,
            claims_version: claims.claims_version,
            exp: claims.exp,
            nbf: None,
            key_exp: key.validity().exp,
        },
    }
}

impl Unsigned {
    /// Returns the length of the finished token's text.
    pub fn signed_len(&self, key: &SigningKey) -> usize {
        self.token.text.len() + 1 + encoded_len(key.signature_len())
    }

    /// Signs with the key that the token was built for.
    ///
    /// # Errors
    /// [`SignError`], which is not expected.
    pub fn sign(self, key: &SigningKey) -> Result<AccessToken, SignError> {
        let mut token = self.token;
        token.bytes.push(b'.');
        let start = token.bytes.len();
        token.bytes.resize(start + encoded_len(key.signature_len()), 0);
        let (written, room) = token.bytes.split_at_mut(start);
        let signed = &written[token.text.clone()];
        key.sign(signed, |signature| encode_into(room, signature)).map_err(|_| SignError)?;
        token.text.end = token.bytes.len();
        Ok(token)
    }
}

fn append(bytes: &mut Vec<u8>, text: &str) -> Range<usize> {
    let start = bytes.len();
    bytes.extend_from_slice(text.as_bytes());
    start..bytes.len()
}
