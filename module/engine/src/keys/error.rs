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
        })
    }
}

impl std::error::Error for KeyError {}
