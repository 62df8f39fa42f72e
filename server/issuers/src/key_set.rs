//! An issuer's keys: a JWK Set (RFC 7517 §5), of which only public signature keys are kept.

use crate::algorithm;
use hallpass_engine::base64url;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// The least length of an RSA modulus, in bytes (RFC 7518 §3.3).
const MIN_RSA_BYTES: usize = 256;

/// The keys of an issuer at some time.
#[derive(Debug, Default)]
pub struct KeySet(Vec<Arc<Key>>);

/// A public key.
pub struct Key {
    kid: Option<String>,
    key_type: String,
    curve: Option<String>,
    /// The only algorithm that it is for, if its JWK names one.
    algorithm: Option<Algorithm>,
    key: DecodingKey,
}

/// What a token asks for: the `kid` and `alg` of its header.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'t> {
    /// `kid`, if it has one.
    pub kid: Option<&'t str>,
    /// `alg`.
    pub algorithm: Algorithm,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// The members of a JWK that matter (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a JWK Set. Keys for other uses and of unknown types are left out, as RFC 7517 §5 says. `None` for anything
    /// that is not a JWK Set.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(json).ok()?;
        let keys = document.keys.into_iter().filter_map(|jwk| Key::read(serde_json::from_value(jwk).ok()?));
        Some(Self(keys.map(Arc::new).collect()))
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether a key is for this algorithm.
    pub fn has_key_for(&self, algorithm: Algorithm) -> bool {
        self.0.iter().any(|key| key.fits(Wanted { kid: None, algorithm }))
    }

    /// Returns the key that a token asks for. A token without `kid` finds the key that fits if there is just one.
    pub fn find(&self, wanted: Wanted<'_>) -> Option<Arc<Key>> {
        let mut fitting = self.0.iter().filter(|key| key.fits(wanted));
        let found = fitting.next()?;
        let is_clear = wanted.kid.is_some() || fitting.next().is_none();
        is_clear.then(|| Arc::clone(found))
    }
}

impl Key {
    /// Reads a public signature key; `None` for every other one.
    fn read(jwk: Jwk) -> Option<Self> {
        let is_for_signatures = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
            && jwk.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|name| name == "verify"));
        let algorithm = match &jwk.alg {
            Some(name) => Some(algorithm::named(name)?),
            None => None,
        };
        let key = decoding_key(&jwk).filter(|_| is_for_signatures)?;
        Some(Self { kid: jwk.kid, key_type: jwk.kty, curve: jwk.crv, algorithm, key })
    }

    fn fits(&self, wanted: Wanted<'_>) -> bool {
        wanted.kid.is_none_or(|kid| self.kid.as_deref() == Some(kid))
            && self.algorithm.is_none_or(|algorithm| algorithm == wanted.algorithm)
            && algorithm::fits(wanted.algorithm, &self.key_type, self.curve.as_deref())
    }

    /// Returns whether `signature`, in base64url, is this key's for `signed`.
    pub fn verifies(&self, algorithm: Algorithm, signed: &str, signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &self.key, algorithm).unwrap_or(false)
    }
}

fn decoding_key(jwk: &Jwk) -> Option<DecodingKey> {
    match jwk.kty.as_str() {
        "RSA" => {
            let (n, e) = (base64url::decode(jwk.n.as_ref()?)?, base64url::decode(jwk.e.as_ref()?)?);
            let length = n.iter().skip_while(|byte| **byte == 0).count();
            (length >= MIN_RSA_BYTES).then(|| DecodingKey::from_rsa_raw_components(&n, &e))
        }
        "EC" => DecodingKey::from_ec_components(jwk.x.as_ref()?, jwk.y.as_ref()?).ok(),
        "OKP" => DecodingKey::from_ed_components(jwk.x.as_ref()?).ok(),
        _ => None,
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).field("kty", &self.key_type).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SigningKey;
    use serde_json::json;

    fn set(keys: &[Value]) -> KeySet {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).expect("a JWK Set")
    }

    fn wanted<'t>(kid: impl Into<Option<&'t str>>, algorithm: Algorithm) -> Wanted<'t> {
        Wanted { kid: kid.into(), algorithm }
    }

    fn rsa(kid: &str, bytes: usize) -> Value {
        json!({"kty": "RSA", "kid": kid, "n": base64url::encode(vec![0xff; bytes]), "e": "AQAB"})
    }

    #[test]
    fn a_key_is_found_by_its_id_and_used_with_its_algorithm_only() {
        let keys = set(&[
            SigningKey::ed25519("a").jwk(),
            SigningKey::p256("b").jwk(),
            rsa("c", 256),
            json!({"kty": "RSA", "kid": "d", "alg": "PS256", "n": rsa("", 256)["n"], "e": "AQAB"}),
        ]);
        assert_eq!(keys.len(), 4);
        for (kid, algorithm) in [
            ("a", Algorithm::EdDSA),
            ("b", Algorithm::ES256),
            ("c", Algorithm::RS256),
            ("c", Algorithm::PS256),
            ("d", Algorithm::PS256),
        ] {
            assert!(keys.find(wanted(kid, algorithm)).is_some(), "{kid} {algorithm:?}");
        }
        for (kid, algorithm) in [
            ("a", Algorithm::ES256),
            ("b", Algorithm::ES384),
            ("c", Algorithm::HS256),
            ("d", Algorithm::RS256),
            ("e", Algorithm::EdDSA),
            ("", Algorithm::EdDSA),
        ] {
            assert!(keys.find(wanted(kid, algorithm)).is_none(), "{kid} {algorithm:?}");
        }
    }

    #[test]
    fn without_a_key_id_it_must_be_clear_which_key_is_meant() {
        let (first, second) = (SigningKey::p256("a").jwk(), SigningKey::p256("b").jwk());
        let other = SigningKey::ed25519("c").jwk();
        assert!(set(&[first.clone(), other.clone()]).find(wanted(None, Algorithm::ES256)).is_some());
        assert!(set(&[first, other, second]).find(wanted(None, Algorithm::ES256)).is_none());
    }

    #[test]
    fn keys_of_no_use_are_left_out_and_cost_the_others_nothing() {
        let good = SigningKey::ed25519("good").jwk();
        let with = |name: &str, value: Value| {
            let mut jwk = good.clone();
            jwk[name] = value;
            jwk
        };
        let keys = set(&[
            json!(7),
            json!({"kid": "no type"}),
            json!({"kty": "oct", "kid": "symmetric", "k": "c2VjcmV0"}),
            json!({"kty": "OKP", "kid": "no x", "crv": "Ed25519"}),
            with("use", json!("enc")),
            with("key_ops", json!(["sign"])),
            with("alg", json!("HS256")),
            with("alg", json!("RSA-OAEP")),
            rsa("short", 255),
            json!({"kty": "RSA", "kid": "padded", "n": base64url::encode([vec![0; 8], vec![1; 250]].concat()), "e": "AQAB"}),
            with("use", json!("sig")),
        ]);
        assert_eq!(keys.len(), 1, "{keys:?}");
        assert!(keys.find(wanted("good", Algorithm::EdDSA)).is_some());
    }

    #[test]
    fn what_is_no_key_set_is_told_from_an_empty_one() {
        for text in ["", "{}", "[]", "<html>", r#"{"keys":{}}"#, r#"{"keys":null}"#] {
            assert!(KeySet::parse(text.as_bytes()).is_none(), "{text}");
        }
        assert_eq!(KeySet::parse(br#"{"keys":[]}"#).expect("a JWK Set").len(), 0);
    }

    #[test]
    fn a_signature_is_that_of_this_key_for_this_text() {
        for key in [SigningKey::ed25519("a"), SigningKey::p256("a")] {
            let (algorithm, signature) = (key.algorithm(), key.sign("header.payload"));
            let found = set(&[key.jwk()]).find(wanted("a", algorithm)).expect("a key");
            assert!(found.verifies(algorithm, "header.payload", &signature));
            assert!(!found.verifies(algorithm, "header.payloae", &signature));
            assert!(!found.verifies(algorithm, "header.payload", &signature[..signature.len() - 4]));
            assert!(!found.verifies(algorithm, "header.payload", ""));
            assert!(!found.verifies(algorithm, "header.payload", "not base64url!"));
            let other = set(&[SigningKey::ed25519("a").jwk()]).find(wanted("a", Algorithm::EdDSA));
            assert!(!other.expect("a key").verifies(Algorithm::EdDSA, "header.payload", &signature));
        }
    }
}
