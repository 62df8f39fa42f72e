//! Access tokens signed by the application, with jsonwebtoken and a key that was prepared once.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::{
    rand,
    signature::{Ed25519KeyPair, KeyPair},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::support::tokens::base64;

/// The claims of the application's tokens: as many as ours.
#[derive(Serialize, Deserialize)]
pub struct Claims {
    pub sub: String,
    pub sid: String,
    pub jti: String,
    pub iat: u64,
    pub exp: u64,
}

/// A key with its two halves.
pub struct Signer {
    header: Header,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Signer {
    /// Returns a fresh key for EdDSA or HS256.
    pub fn new(alg: &str) -> Self {
        let (alg, encoding, decoding) = if alg == "EdDSA" {
            let pair = Ed25519KeyPair::generate().expect("a key");
            let private = pair.to_pkcs8v1().expect("a private key");
            let public = pair.public_key().as_ref();
            (Algorithm::EdDSA, EncodingKey::from_ed_der(private.as_ref()), DecodingKey::from_ed_der(public))
        } else {
            let secret: [u8; 32] = random();
            (Algorithm::HS256, EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret))
        };
        let header = Header { kid: Some("sig-1".to_owned()), ..Header::new(alg) };
        Self { header, encoding, decoding, validation: Validation::new(alg) }
    }

    /// Returns a token that lives for `ttl` seconds, and its id.
    pub fn sign(&self, user: &str, sid: &str, ttl: u64) -> (String, String) {
        let iat = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
        let jti = base64(random::<16>());
        let (sub, sid) = (user.to_owned(), sid.to_owned());
        let claims = Claims { sub, sid, jti: jti.clone(), iat, exp: iat + ttl };
        (jsonwebtoken::encode(&self.header, &claims, &self.encoding).expect("a signature"), jti)
    }

    /// Returns the claims of a token that this key signed.
    pub fn verify(&self, token: &str) -> Claims {
        let data = jsonwebtoken::decode(token, &self.decoding, &self.validation);
        data.expect("a token of ours").claims
    }
}

/// Returns random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("random bytes");
    bytes
}
