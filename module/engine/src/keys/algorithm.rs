//! The signature algorithms that access tokens may carry (RFC 7518 §3.1, RFC 8037).

use std::fmt;
use std::str::FromStr;

/// A JWS algorithm. Each key has exactly one and is never used with another (RFC 8725 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519: small keys, fast, deterministic signatures; the default.
    EdDSA,
    /// ECDSA on P-256 with SHA-256: for verifiers that lack EdDSA. Signatures are randomised.
    ES256,
    /// RSASSA-PKCS1-v1_5 with SHA-256: for verifiers that know nothing newer. Signing is slow: about a millisecond.
    RS256,
    /// RSASSA-PSS with SHA-256. Signing is as slow as with RS256; signatures are randomised.
    PS256,
    /// HMAC with SHA-256: for verification by `AUTH.VERIFY` only, since other verifiers would need the secret.
    HS256,
}

impl Algorithm {
    /// Every algorithm, in order of preference.
    pub const ALL: [Self; 5] = [Self::EdDSA, Self::ES256, Self::RS256, Self::PS256, Self::HS256];

    /// Returns the name in the header member `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDSA => "EdDSA",
            Self::ES256 => "ES256",
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::HS256 => "HS256",
        }
    }

    /// Returns the algorithm that a key or a token of ours names, by its `alg` or by its newer name (RFC 9864 §2.2).
    pub fn of_header(name: &str) -> Option<Self> {
        if name == "Ed25519" { Some(Self::EdDSA) } else { name.parse().ok() }
    }

    /// Returns whether verifying a token costs little more than one HMAC, so that caching it is not worth the memory.
    pub fn is_cheap_to_verify(self) -> bool {
        self == Self::HS256
    }

    /// Returns whether signing is too slow for Redis' main thread to wait for it.
    pub fn is_slow_to_sign(self) -> bool {
        matches!(self, Self::RS256 | Self::PS256)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of an algorithm that is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown algorithm: use EdDSA, ES256, RS256, PS256 or HS256")
    }
}

impl std::error::Error for UnknownAlgorithm {}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|alg| alg.name() == name).ok_or(UnknownAlgorithm)
    }
}

impl From<Algorithm> for jsonwebtoken::Algorithm {
    fn from(alg: Algorithm) -> Self {
        match alg {
            Algorithm::EdDSA => Self::EdDSA,
            Algorithm::ES256 => Self::ES256,
            Algorithm::RS256 => Self::RS256,
            Algorithm::PS256 => Self::PS256,
            Algorithm::HS256 => Self::HS256,
        }
    }
}
