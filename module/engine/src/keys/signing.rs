//! Keys that sign access tokens.
//!
//! Signing uses key pairs that were parsed once, which `jsonwebtoken`'s own signers would do at every call;
//! verification is `jsonwebtoken`'s.

use super::refresh::symmetric_secret;
use super::ring::Problem;
use super::{Algorithm, Jwk, Validity, decode, encode, rsa};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding,
};
use aws_lc_rs::{error::Unspecified, hmac};
use jsonwebtoken::DecodingKey;

/// One signing key with its verifying half.
pub struct SigningKey {
    pub(super) kid: String,
    pub(super) validity: Validity,
    pub(super) public: Option<Jwk>,
    alg: Algorithm,
    signer: Signer,
    verifier: DecodingKey,
    header: String,
}

#[expect(clippy::large_enum_variant, reason = "a ring has a handful of keys")]
enum Signer {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Hmac(hmac::Key),
}

impl SigningKey {
    pub(super) fn from_jwk(jwk: &Jwk, validity: Validity) -> Result<Self, Problem> {
        let alg = algorithm_of(jwk)?;
        let (signer, verifier) = match alg {
            Algorithm::EdDSA => ed25519(jwk)?,
            Algorithm::ES256 => p256(jwk)?,
            Algorithm::RS256 => rsa(jwk, &RSA_PKCS1_SHA256)?,
            Algorithm::PS256 => rsa(jwk, &RSA_PSS_SHA256)?,
            Algorithm::HS256 => hs256(jwk)?,
        };
        let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"{}"}}"#, jwk.kid);
        Ok(Self {
            kid: jwk.kid.clone(),
            validity,
            public: jwk.public().map(|public| Jwk { alg: Some(alg.to_string()), ..public }),
            alg,
            signer,
            verifier,
            header: encode(header),
        })
    }

    /// The key id, which the token's header names.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm this key is used with.
    pub fn alg(&self) -> Algorithm {
        self.alg
    }

    /// The encoded JOSE header of every token that this key signs: `typ`, `alg` and `kid`.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// Signs `message`, the encoded header and payload (RFC 7515 §5.1).
    ///
    /// # Errors
    /// When the cryptographic library fails, which is not expected.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match &self.signer {
            Signer::Ed25519(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
            Signer::P256(pair) => Ok(pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec()),
            Signer::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature)?;
                Ok(signature)
            }
            Signer::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
    }

    /// Length of every signature of this key, in bytes.
    pub fn signature_len(&self) -> usize {
        match &self.signer {
            Signer::Ed25519(_) | Signer::P256(_) => 64,
            Signer::Rsa(pair, _) => pair.public_modulus_len(),
            Signer::Hmac(_) => 32,
        }
    }

    /// Whether `signature`, in base64url, is right for `message`. HMACs are compared in constant time.
    pub fn verify(&self, message: &[u8], signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, message, &self.verifier, self.alg.into()).unwrap_or(false)
    }
}

/// The algorithm of a key: what its type leaves as the only choice, or what `alg` says where there are two.
fn algorithm_of(jwk: &Jwk) -> Result<Algorithm, Problem> {
    let possible: &[Algorithm] = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("OKP", Some("Ed25519")) => &[Algorithm::EdDSA],
        ("EC", Some("P-256")) => &[Algorithm::ES256],
        ("RSA", _) => &[Algorithm::RS256, Algorithm::PS256],
        ("oct", _) => &[Algorithm::HS256],
        _ => return Err(Problem::KeyType),
    };
    let chosen = match (jwk.alg.as_deref(), possible) {
        (Some(named), _) => possible.iter().find(|alg| alg.name() == named),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    chosen.copied().ok_or(Problem::Algorithm)
}

fn ed25519(jwk: &Jwk) -> Result<(Signer, DecodingKey), Problem> {
    let (seed, public) = (member(jwk.d.as_deref())?, member(jwk.x.as_deref())?);
    let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &public).map_err(|_| Problem::KeyMaterial)?;
    let verifier = jwk.x.as_deref().map(DecodingKey::from_ed_components);
    Ok((Signer::Ed25519(pair), usable(verifier)?))
}

fn p256(jwk: &Jwk) -> Result<(Signer, DecodingKey), Problem> {
    let (x, y, d) = (member(jwk.x.as_deref())?, member(jwk.y.as_deref())?, member(jwk.d.as_deref())?);
    // RFC 7518 §6.2.1.2, §6.2.2.1: always of full length.
    if [&x, &y, &d].iter().any(|member| member.len() != 32) {
        return Err(Problem::KeyMaterial);
    }
    let public = [&[4][..], &x, &y].concat();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, &public)
        .map_err(|_| Problem::KeyMaterial)?;
    let verifier = jwk.x.as_deref().zip(jwk.y.as_deref()).map(|(x, y)| DecodingKey::from_ec_components(x, y));
    Ok((Signer::P256(pair), usable(verifier)?))
}

fn rsa(jwk: &Jwk, encoding: &'static dyn RsaEncoding) -> Result<(Signer, DecodingKey), Problem> {
    let pair = rsa::key_pair(jwk)?;
    let verifier =
        jwk.n.as_deref().zip(jwk.e.as_deref()).map(|(n, e)| DecodingKey::from_rsa_components(n, e));
    Ok((Signer::Rsa(pair, encoding), usable(verifier)?))
}

fn hs256(jwk: &Jwk) -> Result<(Signer, DecodingKey), Problem> {
    let secret = symmetric_secret(jwk)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    Ok((Signer::Hmac(key), DecodingKey::from_secret(&secret)))
}

pub(super) fn member(value: Option<&str>) -> Result<Vec<u8>, Problem> {
    value.and_then(decode).ok_or(Problem::KeyMaterial)
}

fn usable(key: Option<jsonwebtoken::errors::Result<DecodingKey>>) -> Result<DecodingKey, Problem> {
    key.and_then(Result::ok).ok_or(Problem::KeyMaterial)
}
