//! RSA keys: from and to their JWK members (RFC 7518 §6.3).

use super::Jwk;
use super::error::KeyError;
use super::jwk::member;
use crate::base64url::encode;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, KeySize, PublicKeyComponents};
use pkcs1::RsaPrivateKey;
use pkcs8::PrivateKeyInfoRef;

/// RFC 7518 §3.3: smaller keys must not be used.
pub(super) const MIN_MODULUS_BYTES: usize = 256;

/// Reads the key pair of a private RSA JWK, and proves that all its members belong together.
pub(super) fn key_pair(jwk: &Jwk) -> Result<KeyPair, KeyError> {
    let part = |value: &Option<String>| member(value.as_deref());
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: part(&jwk.n)?, e: part(&jwk.e)? },
        d: part(&jwk.d)?,
        p: part(&jwk.p)?,
        q: part(&jwk.q)?,
        dP: part(&jwk.dp)?,
        dQ: part(&jwk.dq)?,
        qInv: part(&jwk.qi)?,
    };
    KeyPair::from_components(&components).map_err(|_| KeyError::KeyMaterial)
}

/// Makes a new key of 2048 bits with the cryptographic library's own generator, and returns its members.
pub(crate) fn generate() -> Option<Jwk> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let info = PrivateKeyInfoRef::try_from(der.as_ref()).ok()?;
    let key = RsaPrivateKey::try_from(info.private_key.as_bytes()).ok()?;
    let text = |number: pkcs1::UintRef<'_>| Some(encode(number.as_bytes()));
    Some(Jwk {
        kty: "RSA".into(),
        n: text(key.modulus),
        e: text(key.public_exponent),
        d: text(key.private_exponent),
        p: text(key.prime1),
        q: text(key.prime2),
        dp: text(key.exponent1),
        dq: text(key.exponent2),
        qi: text(key.coefficient),
        ..Jwk::default()
    })
}
