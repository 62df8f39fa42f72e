//! base64url without padding (RFC 7515 §2), the encoding of tokens and keys.

use base64::Engine as _;
use base64::engine::general_purpose::NO_PAD;
use std::ops::Range;
use std::sync::LazyLock;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
type Engine = base64::engine::Simd;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::url_safe(NO_PAD));

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Engine = base64::engine::GeneralPurpose;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&base64::alphabet::URL_SAFE, NO_PAD));

/// Encodes bytes.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    ENGINE.encode(bytes)
}

/// Encodes bytes at the end of a buffer.
pub(crate) fn encode_onto(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + encoded_len(bytes.len()), 0);
    encode_into(&mut out[start..], bytes);
}

/// Encodes a part of the buffer at its end.
pub(crate) fn encode_within(buffer: &mut Vec<u8>, part: Range<usize>) {
    let start = buffer.len();
    buffer.resize(start + encoded_len(part.len()), 0);
    let (written, room) = buffer.split_at_mut(start);
    encode_into(room, &written[part]);
}

/// Encodes into `room`, which has [`encoded_len`] bytes.
pub(crate) fn encode_into(room: &mut [u8], bytes: &[u8]) {
    debug_assert_eq!(room.len(), encoded_len(bytes.len()));
    let _ = ENGINE.encode_slice(bytes, room);
}

/// Returns the length of this many bytes as text.
pub(crate) fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Decodes a text strictly: no padding, no blanks, no spare bits, so that each value has exactly one spelling.
pub fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok()
}

/// Decodes exactly `N` bytes, like [`decode`].
pub(crate) fn decode_array<const N: usize>(text: impl AsRef<[u8]>) -> Option<[u8; N]> {
    let text = text.as_ref();
    let mut bytes = [0; N];
    let is_whole = text.len() == encoded_len(N) && ENGINE.decode_slice(text, &mut bytes) == Ok(N);
    is_whole.then_some(bytes)
}
