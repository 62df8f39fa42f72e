//! Keyring files: an accepted ring works, and reveals no secret.

use crate::ring::{NOW, base64url};
use hallpass_engine::keys::{KeyStatus, Keyring};
use serde_json::Value;
use std::collections::HashSet;

/// Parses the bytes of a keyring file.
pub fn keyring(data: &[u8]) {
    let Ok(ring) = Keyring::parse(data) else {
        return;
    };
    let summaries = ring.summaries(NOW);
    let kids: HashSet<_> = summaries.iter().map(|key| &key.kid).collect();
    assert_eq!(kids.len(), summaries.len(), "a key id is used twice");
    for key in &summaries {
        let is_live = key.status != KeyStatus::Expired;
        match key.usage {
            "sig" => assert_eq!(ring.verifying_key(&key.kid, NOW).is_some(), is_live),
            _ => assert_eq!(ring.refresh_key_by_id(&key.kid, NOW).is_some(), is_live),
        }
        signs_what_it_verifies(&ring, &key.kid);
    }
    publishes_public_members_only(&ring);
}

fn signs_what_it_verifies(ring: &Keyring, kid: &str) {
    if let Some(key) = ring.verifying_key(kid, NOW) {
        let signature = key.sign(b"message", <[u8]>::to_vec).expect("signs");
        assert_eq!(signature.len(), key.signature_len());
        assert!(key.verify(b"message", &base64url(&signature)), "{kid} verifies what it signed");
        assert!(!key.verify(b"massage", &base64url(&signature)));
    }
    if let Some(key) = ring.refresh_key_by_id(kid, NOW) {
        assert!(key.is_mac_of(b"message", key.mac(b"message").as_ref()));
        assert!(!key.is_mac_of(b"massage", key.mac(b"message").as_ref()));
    }
}

fn publishes_public_members_only(ring: &Keyring) {
    const PUBLIC: [&str; 9] = ["kty", "use", "kid", "alg", "crv", "x", "y", "n", "e"];
    let published: Value = serde_json::from_str(&ring.public_jwks(NOW)).expect("JSON");
    for key in published["keys"].as_array().expect("an array of keys") {
        assert_ne!(key["kty"], "oct", "a secret");
        for name in key.as_object().expect("a key").keys() {
            assert!(PUBLIC.contains(&name.as_str()), "{name} is published");
        }
    }
}
