//! The keys of all targets: test keys, made of fixed bytes, so that a token in the corpus stays valid.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_engine::keygen;
use hallpass_engine::keys::{Algorithm, Jwk, JwkSet, Keyring, VerifyingKey};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The current time, in Unix seconds.
pub const NOW: u64 = 1_760_000_000;

/// The ids of signing keys with deterministic algorithms, whose valid signature can be computed again.
pub static SIGNING_KIDS: LazyLock<[String; 2]> =
    LazyLock::new(|| [signing(Algorithm::EdDSA, 1).kid, signing(Algorithm::HS256, 2).kid]);

/// The public halves of the keys, by key id, to verify as another party would.
pub static VERIFIERS: LazyLock<HashMap<String, VerifyingKey>> = LazyLock::new(|| {
    let verifier = |jwk: Jwk| (jwk.kid.clone(), VerifyingKey::from_jwk(&jwk).expect("a usable key"));
    HashMap::from(signing_keys().map(verifier))
});

/// A key of each kind that signs fast.
pub static RING: LazyLock<Keyring> = LazyLock::new(|| {
    let mut keys = Vec::from(signing_keys());
    keys.push(keygen::refresh_key(&random(4)));
    let set = serde_json::to_vec(&JwkSet { keys }).expect("a JWK Set is JSON");
    Keyring::parse(&set).expect("usable keys")
});

fn signing_keys() -> [Jwk; 3] {
    [signing(Algorithm::EdDSA, 1), signing(Algorithm::HS256, 2), signing(Algorithm::ES256, 3)]
}

fn signing(alg: Algorithm, seed: u8) -> Jwk {
    keygen::signing_key(alg, &random(seed)).expect("these bytes make a key")
}

/// Returns bytes that are no pattern; the same for the same seed.
fn random(seed: u8) -> [u8; 32] {
    let mut byte = seed;
    std::array::from_fn(|_| {
        byte = byte.wrapping_mul(181).wrapping_add(103);
        byte
    })
}

/// Encodes as base64url without padding.
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns the parts of the input before and after the first line feed.
pub fn two_parts(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}
