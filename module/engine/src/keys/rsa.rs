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
pub(super) const MIN_MODULUS_BITS: usize = 2048;

/// NIST SP 800-56B §6.2: smaller public exponents must not be used.
const MIN_EXPONENT: &[u8] = &[1, 0, 1];

/// The primes whose residues give a modulus of ROCA away (Nemec et al., "The Return of Coppersmith's Attack", §2.3): it is a
/// power of 65537 modulo each of them. Of other moduli less than one in 10⁸ is.
const FINGERPRINT: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Returns the length of a big-endian number in bits.
pub(super) fn bit_length(number: &[u8]) -> usize {
    let digits = &number[number.iter().take_while(|byte| **byte == 0).count()..];
    digits.first().map_or(0, |first| 8 * digits.len() - first.leading_zeros() as usize)
}

/// Returns whether a big-endian number is less than another one.
fn is_less(number: &[u8], other: &[u8]) -> bool {
    let digits = |number: &[u8]| number.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<_>>();
    let (number, other) = (digits(number), digits(other));
    (number.len(), &number) < (other.len(), &other)
}

/// Returns whether a modulus was made by the library with the weakness ROCA.
fn has_fingerprint_of_roca(modulus: &[u8]) -> bool {
    FINGERPRINT.iter().all(|prime| {
        let residue = modulus.iter().fold(0, |residue, byte| (residue << 8 | u32::from(*byte)) % prime);
        let mut powers = std::iter::successors(Some(1), |power| Some(power * 65_537 % prime));
        powers.by_ref().take(*prime as usize).any(|power| power == residue)
    })
}

/// Reads the key pair of a private RSA JWK, and proves that all its members belong together.
pub(super) fn key_pair(jwk: &Jwk) -> Result<KeyPair, KeyError> {
    let part = |value: &Option<String>| member(value.as_deref());
    let (n, e) = (part(&jwk.n)?, part(&jwk.e)?);
    if is_less(&e, MIN_EXPONENT) {
        return Err(KeyError::Exponent);
    }
    if has_fingerprint_of_roca(&n) {
        return Err(KeyError::WeakModulus);
    }
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n, e },
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
