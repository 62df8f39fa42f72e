//! Shared by the tests: a fixed time, one user, keys made of fixed bytes, a session, and tokens made by hand.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_engine::access::Claims;
use hallpass_engine::keys::{Algorithm, Jwk, JwkSet, Keyring, KeyringError, SigningKey};
use hallpass_engine::login::Login;
use hallpass_engine::record::Session;
use hallpass_engine::token::TokenType;
use hallpass_engine::{keygen, sid};
use uuid::Uuid;

/// The current time, in Unix seconds.
pub const NOW: u64 = 1_760_000_000;
/// The current time, in Unix milliseconds.
pub const NOW_MS: u64 = NOW * 1000;
/// The user of all tests.
pub const SUBJECT: &str = "user-42";
/// One day in milliseconds.
pub const DAY: u64 = 86_400_000;

/// Returns the session id with this number.
pub fn session_id(number: u8) -> Uuid {
    sid::new(u128::from(NOW_MS) * 1_000_000, &[number; 8])
}

/// Returns the login of such a session, ten days ago.
pub fn login(number: u8) -> Login {
    Login { sid: session_id(number), issued_at: NOW_MS - 10 * DAY }
}

/// Returns bytes that are no pattern; the same for the same seed.
pub fn random(seed: u8) -> [u8; 32] {
    let mut byte = seed;
    std::array::from_fn(|_| {
        byte = byte.wrapping_mul(181).wrapping_add(103);
        byte
    })
}

/// Returns a signing key; the same for the same arguments.
pub fn signing_jwk(alg: Algorithm, seed: u8) -> Jwk {
    keygen::signing_key(alg, &random(seed)).expect("these bytes make a key")
}

/// Returns the keyring with these keys.
pub fn parse(keys: &[Jwk]) -> Result<Keyring, KeyringError> {
    let set = serde_json::to_vec(&JwkSet { keys: keys.to_vec() }).expect("a JWK Set is JSON");
    Keyring::parse(&set)
}

/// Returns a keyring with one signing key and one refresh key.
pub fn ring(alg: Algorithm) -> Keyring {
    parse(&[signing_jwk(alg, 1), keygen::refresh_key(&random(2))]).expect("usable keys")
}

/// Returns the signing key of a ring that has one.
pub fn signer(ring: &Keyring) -> &SigningKey {
    ring.signing_key(NOW, NOW).expect("a signing key")
}

/// Returns the text of a login in both tokens.
pub fn login_text(login: &Login) -> String {
    base64url([&login.sid.as_bytes()[..], &login.issued_at.to_be_bytes()[2..]].concat())
}

/// Returns a session of generation 5, issued ten days ago and rotated now.
pub fn session() -> Session {
    Session {
        generation: 5,
        issued_at: NOW_MS - 10 * DAY,
        rotated_at: NOW_MS,
        idle_expiry: NOW_MS + 14 * DAY,
        absolute_expiry: NOW_MS + 80 * DAY,
        ..Session::default()
    }
}

/// Returns the claims of an access token of an ordinary session, minted now for 15 minutes.
pub fn claims(login: &Login) -> Claims<'_> {
    Claims {
        typ: TokenType::AtJwt,
        iss: Some("https://id.example"),
        aud: Some("https://api.example"),
        sub: SUBJECT,
        login,
        database: 0,
        generation: 5,
        claims_version: 0,
        auth_time: NOW - 60,
        iat: NOW,
        exp: NOW + 900,
        client_id: None,
        custom: None,
    }
}

/// Encodes as base64url without padding.
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns the bytes of canonical base64url.
pub fn bytes_of(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// Returns a JWS with exactly this header and payload, and a valid signature.
pub fn signed(key: &SigningKey, header: &str, payload: &str) -> String {
    let text = format!("{}.{}", base64url(header), base64url(payload));
    let signature = key.sign(text.as_bytes(), <[u8]>::to_vec).expect("signs");
    format!("{text}.{}", base64url(signature))
}

/// Returns variants of the text, each with one other character at a position of `range`, as an attacker might try.
pub fn mutations(text: &str, range: std::ops::Range<usize>) -> impl Iterator<Item = Vec<u8>> {
    const SPELLINGS: &[u8] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0\x80\xff";
    let is_last = |at| at + 1 == text.len() || text.as_bytes().get(at + 1) == Some(&b'.');
    range.flat_map(move |at| {
        // The last character of a part has spare bits, so every character is tried there.
        let step = if is_last(at) { 1 } else { 7 };
        SPELLINGS.iter().skip(at % step).step_by(step).filter(move |new| text.as_bytes()[at] != **new).map(
            move |new| {
                let mut mutated = text.as_bytes().to_vec();
                mutated[at] = *new;
                mutated
            },
        )
    })
}
