//! The keyring: keys that sign and verify tokens, read from a JWK Set (RFC 7517).

mod algorithm;
mod jwk;
mod refresh;
mod ring;
pub(crate) mod rsa;
mod signing;
mod verifying;

pub use algorithm::Algorithm;
pub use jwk::{Jwk, JwkSet};
pub use refresh::RefreshKey;
pub use ring::{KeyStatus, KeySummary, Keyring, KeyringError, Problem};
pub use signing::SigningKey;
pub use verifying::VerifyingKey;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::ops::Range;

/// base64url without padding (RFC 7515 §2).
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends bytes in base64url.
pub(crate) fn encode_onto(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + encoded_len(bytes.len()), 0);
    // There is room for all of it.
    let _ = URL_SAFE_NO_PAD.encode_slice(bytes, &mut out[start..]);
}

/// Appends a part of the same buffer in base64url.
pub(crate) fn encode_within(buffer: &mut Vec<u8>, part: Range<usize>) {
    let start = buffer.len();
    buffer.resize(start + encoded_len(part.len()), 0);
    let (written, room) = buffer.split_at_mut(start);
    let _ = URL_SAFE_NO_PAD.encode_slice(&written[part], room);
}

/// Length of so many bytes in base64url.
pub(crate) fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Strict base64url: no padding, no blanks, no spare bits, so that each value has exactly one spelling.
pub(crate) fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// As [`decode`], of exactly `N` bytes.
pub(crate) fn decode_array<const N: usize>(text: impl AsRef<[u8]>) -> Option<[u8; N]> {
    let text = text.as_ref();
    let mut bytes = [0; N];
    let is_whole = text.len() == encoded_len(N) && URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) == Ok(N);
    is_whole.then_some(bytes)
}

/// When a key may be used, in Unix seconds: it signs from `nbf` on, and does nothing from `exp` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First second at which the key may sign; 0 when the file does not say.
    pub nbf: u64,
    /// First second at which the key is no longer valid for anything.
    pub exp: Option<u64>,
}

impl Validity {
    /// Whether the key is still good for verification at `at`.
    pub fn is_unexpired(&self, at: u64) -> bool {
        self.exp.is_none_or(|exp| at < exp)
    }

    /// Whether the key may sign at `at`.
    pub fn may_sign(&self, at: u64) -> bool {
        self.nbf <= at && self.is_unexpired(at)
    }
}
