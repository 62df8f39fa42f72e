//! The signature algorithms that outside tokens may have: asymmetric ones only. With HS256 whoever can check a token
//! could make one, and a public key could be passed off as the secret.

use jsonwebtoken::Algorithm;

/// Each with its name of RFC 7518 §3.1, RFC 8037 §3.1 and, for the last one, RFC 9864 §2.2.
pub const NAMES: [(&str, Algorithm); 10] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
    ("Ed25519", Algorithm::EdDSA),
];

/// Returns the algorithm of this name. `None` for a symmetric one, for `none`, and for any other.
pub fn named(name: &str) -> Option<Algorithm> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
}

/// Returns every name, for messages.
pub fn names() -> String {
    NAMES.map(|(name, _)| name).join(", ")
}

/// Returns whether a key of this type and curve (RFC 7517 §4.1, RFC 7518 §6.2.1.1) verifies this algorithm.
pub fn fits(algorithm: Algorithm, key_type: &str, curve: Option<&str>) -> bool {
    match algorithm {
        Algorithm::ES256 => (key_type, curve) == ("EC", Some("P-256")),
        Algorithm::ES384 => (key_type, curve) == ("EC", Some("P-384")),
        Algorithm::EdDSA => (key_type, curve) == ("OKP", Some("Ed25519")),
        Algorithm::RS256
        | Algorithm::RS384
        | Algorithm::RS512
        | Algorithm::PS256
        | Algorithm::PS384
        | Algorithm::PS512 => key_type == "RSA",
        // Symmetric; the enum may grow.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_symmetric_has_a_name_or_a_key() {
        for name in ["none", "None", "HS256", "HS384", "HS512", "rs256", "ES512", "RSA-OAEP", ""] {
            assert_eq!(named(name), None, "{name}");
        }
        for symmetric in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            for key_type in ["oct", "RSA", "EC", "OKP"] {
                assert!(!fits(symmetric, key_type, None), "{key_type}");
            }
        }
    }

    #[test]
    fn a_key_verifies_the_algorithms_of_its_type_and_curve() {
        for (name, key_type, curve) in [
            ("RS256", "RSA", None),
            ("PS512", "RSA", None),
            ("ES256", "EC", Some("P-256")),
            ("ES384", "EC", Some("P-384")),
            ("EdDSA", "OKP", Some("Ed25519")),
            ("Ed25519", "OKP", Some("Ed25519")),
        ] {
            let algorithm = named(name).expect(name);
            assert!(fits(algorithm, key_type, curve), "{name}");
            assert!(!fits(algorithm, "oct", curve), "{name}");
            assert_eq!(key_type == "RSA", fits(algorithm, key_type, Some("P-521")), "{name}");
        }
    }
}
