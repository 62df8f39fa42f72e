//! Keyring files, made by hand, without the code under test.

use std::{
    collections::HashMap, fs, os::unix::fs::PermissionsExt, path::Path, process::Command, sync::Mutex,
};

use aws_lc_rs::{
    encoding::{AsBigEndian, EcPrivateKeyBin},
    hmac, rand,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use serde_json::{Value as Json, json};

use super::{
    build::built,
    tokens::{base64, unbase64},
};

/// One key: its JWK, private half included.
#[derive(Debug, Clone)]
pub struct Key(pub Json);

impl Key {
    /// Returns a signing key for `alg`: EdDSA, ES256 or HS256.
    pub fn signing(alg: &str, kid: &str) -> Self {
        match alg {
            "EdDSA" => Self::ed25519(kid),
            "ES256" => Self::p256(kid),
            "HS256" => Self::hmac(kid),
            other => panic!("no {other} here"),
        }
    }

    /// Returns a refresh key.
    pub fn refresh(kid: &str) -> Self {
        Self(json!({"kty": "oct", "use": "refresh", "kid": kid, "k": base64(random())}))
    }

    fn ed25519(kid: &str) -> Self {
        let seed = random();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key");
        let x = base64(pair.public_key());
        Self(json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid,
            "x": x, "d": base64(seed)}))
    }

    fn p256(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let d: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().expect("a private key");
        let point = pair.public_key().as_ref();
        Self(json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
            "x": base64(&point[1..33]), "y": base64(&point[33..]), "d": base64(d.as_ref())}))
    }

    fn hmac(kid: &str) -> Self {
        Self(json!({"kty": "oct", "use": "sig", "alg": "HS256", "kid": kid, "k": base64(random())}))
    }

    /// Returns the same key with the member `name` set to `value`.
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.0[name] = value.into();
        self
    }

    /// Returns the member `name` as text.
    pub fn text(&self, name: &str) -> &str {
        self.0[name].as_str().expect("a string member")
    }

    /// Returns the key id.
    pub fn kid(&self) -> &str {
        self.text("kid")
    }

    /// Returns the secret members: private half, or symmetric key.
    pub fn secrets(&self) -> Vec<String> {
        let secret = |name| self.0[name].as_str().map(str::to_owned);
        ["d", "k"].into_iter().filter_map(secret).collect()
    }

    /// Signs `message` with this key, whatever its `alg` and `use` are.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let member = |name| unbase64(self.text(name));
        match self.text("kty") {
            "OKP" => {
                let pair = Ed25519KeyPair::from_seed_unchecked(&member("d")).expect("a key");
                pair.sign(message).as_ref().to_vec()
            }
            "EC" => {
                let point = [vec![4], member("x"), member("y")].concat();
                let pair = EcdsaKeyPair::from_private_key_and_public_key(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    &member("d"),
                    &point,
                );
                let signature = pair.expect("a key").sign(&SystemRandom::new(), message);
                signature.expect("a signature").as_ref().to_vec()
            }
            _ => hmac_sha256(&member("k"), message),
        }
    }
}

/// Returns the HMAC-SHA-256 of `message` with any key.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, message).as_ref().to_vec()
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).expect("random bytes");
    bytes
}

/// The keys of one file.
#[derive(Debug, Clone)]
pub struct Keyring(pub Vec<Key>);

impl Default for Keyring {
    fn default() -> Self {
        Self::signing_with("EdDSA")
    }
}

impl Keyring {
    /// Returns one signing key `sig-1` for `alg` and one refresh key `ref-1`.
    pub fn signing_with(alg: &str) -> Self {
        Self(vec![Key::signing(alg, "sig-1"), Key::refresh("ref-1")])
    }

    /// Returns a keyring of `hallpass-server keys generate`; one per algorithm and run, since RSA primes are slow to
    /// find.
    pub fn generated(alg: &str) -> Self {
        static RINGS: Mutex<Option<HashMap<String, Keyring>>> = Mutex::new(None);
        let mut rings = RINGS.lock().expect("nobody panicked");
        let rings = rings.get_or_insert_default();
        rings.entry(alg.to_owned()).or_insert_with(|| generate(alg)).clone()
    }

    /// Returns the same ring with one more key.
    pub fn and(mut self, key: Key) -> Self {
        self.0.push(key);
        self
    }

    /// Returns the key with this id.
    pub fn key(&self, kid: &str) -> &Key {
        let found = self.0.iter().find(|key| key.kid() == kid);
        found.expect("a key of that id")
    }

    /// Returns every private or symmetric key, as text.
    pub fn secrets(&self) -> Vec<String> {
        self.0.iter().flat_map(Key::secrets).collect()
    }

    /// Returns the file's content.
    pub fn text(&self) -> String {
        let keys: Vec<&Json> = self.0.iter().map(|key| &key.0).collect();
        json!({ "keys": keys }).to_string()
    }

    /// Writes the file with mode 0600.
    pub fn write(&self, path: &Path) {
        write_secret(path, &self.text(), 0o600);
    }
}

fn generate(alg: &str) -> Keyring {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("keyring.json");
    let mut command = Command::new(&built().server);
    command.args(["keys", "generate", "--alg", alg, "--keyring"]).arg(&path);
    assert!(command.output().expect("hallpass-server runs").status.success());
    let ring: Json = serde_json::from_slice(&fs::read(&path).expect("a keyring")).expect("JSON");
    Keyring(ring["keys"].as_array().expect("keys").iter().cloned().map(Key).collect())
}

/// Writes a file with a mode.
pub fn write_secret(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("a writable directory");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own file");
}
