//! The reasons for which a keyring, or a key of it, is refused.

use std::fmt;

/// The reason for which a keyring file is refused. Its text is one line without key material.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyringError {
    /// Not a JWK Set: not JSON, or without an array `keys`.
    NotAJwkSet,
    /// The key at this position, counted from 1, is unusable.
    Key(usize, KeyError),
    /// No key with `use` `sig`.
    NoSigningKey,
    /// No key with `use` `refresh`.
    NoRefreshKey,
}

/// The reason for which a key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// `kid` is missing or not 1–64 of `[A-Za-z0-9_-]`.
    KeyId,
    /// Another key has the same `kid`.
    DuplicateKeyId,
    /// `use` is neither `sig` nor `refresh`.
    Usage,
    /// `kty` and `crv` are not supported for this `use`.
    KeyType,
    /// `alg` does not fit the key.
    Algorithm,
    /// Key members are missing, malformed, or do not belong together.
    KeyMaterial,
    /// A symmetric key of fewer than 32 bytes, or an RSA key of fewer than 2048 bits.
    TooShort,
    /// `exp` is not after `nbf`.
    NeverValid,
    /// `key_ops` is not a list of texts, or contradicts `use`.
    Operations,
    /// The secret is a byte or a word that repeats itself.
    Predictable,
    /// A key of the other use has the same secret.
    SharedSecret,
    /// The public exponent of an RSA key is below 65537.
    Exponent,
    /// The modulus of an RSA key has the fingerprint of ROCA (CVE-2017-15361): its factors can be found.
    WeakModulus,
}

impl fmt::Display for KeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAJwkSet => f.write_str("not a JWK Set"),
            Self::Key(position, problem) => write!(f, "key {position}: {problem}"),
            Self::NoSigningKey => f.write_str("no key with \"use\":\"sig\""),
            Self::NoRefreshKey => f.write_str("no key with \"use\":\"refresh\""),
        }
    }
}

impl std::error::Error for KeyringError {}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyId => "kid must be 1-64 of A-Z a-z 0-9 _ -",
            Self::DuplicateKeyId => "kid is used twice",
            Self::Usage => "use must be sig or refresh",
            Self::KeyType => "unsupported kty or crv",
            Self::Algorithm => "alg does not fit the key",
            Self::KeyMaterial => "key members are missing, malformed or do not belong together",
            Self::TooShort => "symmetric keys need at least 32 bytes, RSA keys 2048 bits",
            Self::NeverValid => "exp must be after nbf",
            Self::Operations => "key_ops must be a list with sign, and besides it at most verify",
            Self::Predictable => "the secret repeats itself; it must be random bytes",
            Self::SharedSecret => "signing keys and refresh keys must not have the same secret",
            Self::Exponent => "the exponent of an RSA key must be at least 65537",
            Self::WeakModulus => "the RSA key is weak (ROCA, CVE-2017-15361); make another one",
        })
    }
}

impl std::error::Error for KeyError {}
