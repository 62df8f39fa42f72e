//! Keys that sign access tokens.
//!
//! Signing uses key pairs that were parsed once; `jsonwebtoken`'s own signers parse at every call. [`VerifyingKey`]
//! verifies, or this key signs again and compares.

use super::error::KeyError;
use super::hmac::HmacKey;
use super::jwk::member;
use super::{Algorithm, Jwk, Validity, VerifyingKey, rsa};
use crate::base64url::{decode, encode};
use crate::token::TokenType;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding,
};
use aws_lc_rs::{constant_time::verify_slices_are_equal, error::Unspecified};

/// One signing key with its verifying half.
pub struct SigningKey {
    pub(super) kid: String,
    pub(super) validity: Validity,
    pub(super) public: Option<Jwk>,
    signer: Signer,
    verifier: VerifyingKey,
    /// One for each of [`TokenType::ALL`].
    headers: [String; 2],
}

enum Signer {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Hmac(HmacKey),
}

impl SigningKey {
    pub(super) fn from_jwk(jwk: &Jwk, validity: Validity) -> Result<Self, KeyError> {
        let verifier = VerifyingKey::from_jwk(jwk)?;
        let alg = verifier.alg();
        let signer = match alg {
            Algorithm::EdDSA => ed25519(jwk)?,
            Algorithm::ES256 => p256(jwk)?,
            Algorithm::RS256 => Signer::Rsa(rsa::key_pair(jwk)?, &RSA_PKCS1_SHA256),
            Algorithm::PS256 => Signer::Rsa(rsa::key_pair(jwk)?, &RSA_PSS_SHA256),
            Algorithm::HS256 => Signer::Hmac(HmacKey::from_jwk(jwk)?),
        };
        let header = |typ: TokenType| {
            encode(format!(r#"{{"typ":"{}","alg":"{alg}","kid":"{}"}}"#, typ.name(), jwk.kid))
        };
        Ok(Self {
            kid: jwk.kid.clone(),
            validity,
            public: jwk.public().map(|public| Jwk { alg: Some(alg.to_string()), ..public }),
            signer,
            verifier,
            headers: TokenType::ALL.map(header),
        })
    }

    /// Returns the key id, which the token's header names.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the one algorithm of this key.
    pub fn alg(&self) -> Algorithm {
        self.verifier.alg()
    }

    /// Returns the encoded JOSE header of every token of this type that this key signs: `typ`, `alg` and `kid`.
    pub fn header(&self, typ: TokenType) -> &str {
        let [at_jwt, jwt] = &self.headers;
        match typ {
            TokenType::AtJwt => at_jwt,
            TokenType::Jwt => jwt,
        }
    }

    /// Returns whether this is the encoded header of a token that this key signs.
    pub fn has_header(&self, header: &str) -> bool {
        self.headers.iter().any(|own| own == header)
    }

    /// Returns its validity.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Signs `message`, the encoded header and payload (RFC 7515 §5.1), and lends the signature.
    ///
    /// # Errors
    /// If the cryptographic library fails, which is not expected.
    pub fn sign<T>(&self, message: &[u8], use_signature: impl FnOnce(&[u8]) -> T) -> Result<T, Unspecified> {
        Ok(match &self.signer {
            Signer::Ed25519(pair) => use_signature(pair.try_sign(message)?.as_ref()),
            Signer::P256(pair) => use_signature(pair.sign(&SystemRandom::new(), message)?.as_ref()),
            Signer::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature)?;
                use_signature(&signature)
            }
            Signer::Hmac(key) => use_signature(&key.mac(message)),
        })
    }

    /// Returns the length of every signature of this key, in bytes.
    pub fn signature_len(&self) -> usize {
        match &self.signer {
            Signer::Ed25519(_) | Signer::P256(_) => 64,
            Signer::Rsa(pair, _) => pair.public_modulus_len(),
            Signer::Hmac(_) => 32,
        }
    }

    /// Returns whether `signature`, in base64url, is valid for `message`.
    ///
    /// With a deterministic algorithm, a holder of the private half can sign again and compare in constant time. For
    /// Ed25519 (RFC 8032 §5.1.6) this costs a quarter of verifying.
    pub fn verify(&self, message: &[u8], signature: &str) -> bool {
        match &self.signer {
            Signer::Ed25519(_) | Signer::Hmac(_) => self.would_sign(message, signature).unwrap_or(false),
            Signer::P256(_) | Signer::Rsa(..) => self.verifier.verify(message, signature),
        }
    }

    fn would_sign(&self, message: &[u8], signature: &str) -> Option<bool> {
        let theirs = decode(signature)?;
        self.sign(message, |ours| verify_slices_are_equal(&theirs, ours).is_ok()).ok()
    }
}

fn ed25519(jwk: &Jwk) -> Result<Signer, KeyError> {
    let (seed, public) = (member(jwk.d.as_deref())?, member(jwk.x.as_deref())?);
    let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &public).map_err(|_| KeyError::KeyMaterial)?;
    Ok(Signer::Ed25519(pair))
}

fn p256(jwk: &Jwk) -> Result<Signer, KeyError> {
    let (x, y, d) = (member(jwk.x.as_deref())?, member(jwk.y.as_deref())?, member(jwk.d.as_deref())?);
    // RFC 7518 §6.2.1.2, §6.2.2.1: always of full length.
    if [&x, &y, &d].iter().any(|member| member.len() != 32) {
        return Err(KeyError::KeyMaterial);
    }
    let public = [&[4][..], &x, &y].concat();
    EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, &public)
        .map(Signer::P256)
        .map_err(|_| KeyError::KeyMaterial)
}
