//! The reasons for which an outside token is refused.

use std::fmt;

/// The reason for which an outside token is refused. Its text is for the sender of the token, and repeats no part of
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not a JWT in compact form: three parts of base64url, the first two JSON objects without duplicate members.
    Malformed,
    /// Longer than any token may be.
    TooLong,
    /// The header has `crit`, or says that the content is another JWT.
    Unsupported,
    /// `typ` is not what tokens of this issuer have.
    WrongType,
    /// `iss` is missing, or not a trusted issuer.
    UntrustedIssuer,
    /// `alg` is missing, symmetric, `none`, or not one of the issuer's.
    WrongAlgorithm,
    /// The issuer has no such key.
    UnknownKey,
    /// The signature is wrong.
    BadSignature,
    /// A required claim is missing or of the wrong type.
    MissingClaim(&'static str),
    /// `aud` does not name us.
    WrongAudience,
    /// `aud` names others too, and `azp` is not us.
    WrongParty,
    /// `exp` has passed.
    Expired,
    /// `iat`, `nbf` or `auth_time` is in the future.
    NotYetValid,
    /// `exp` is too far away.
    TooLongLived,
    /// `auth_time` is longer ago than allowed.
    OldAuthentication,
    /// `events` makes it a security event, such as a logout token.
    SecurityEvent,
    /// The nonce that was sent is not the token's.
    WrongNonce,
    /// `email_verified` is not true, and the subject depends on `email`.
    UnverifiedEmail,
    /// A claim that the subject is made of is missing, empty or not text.
    NoSubject,
    /// The issuer's keys cannot be fetched now. This says nothing about the token.
    KeysUnavailable,
}

impl Refusal {
    /// Returns whether the same token may be accepted later.
    pub fn is_temporary(self) -> bool {
        self == Self::KeysUnavailable
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it is not a JWT",
            Self::TooLong => "it is too long",
            Self::Unsupported => "its header asks for something that is not supported here",
            Self::WrongType => "its typ is not that of a token for logging in",
            Self::UntrustedIssuer => "its issuer is not trusted here",
            Self::WrongAlgorithm => "its alg is not allowed",
            Self::UnknownKey => "its issuer has no such key",
            Self::BadSignature => "its signature is wrong",
            Self::MissingClaim(name) => return write!(f, "its {name} is missing or not usable"),
            Self::WrongAudience => "it was issued for another audience",
            Self::WrongParty => "it was issued to another party",
            Self::Expired => "it has expired",
            Self::NotYetValid => "it is not valid yet",
            Self::TooLongLived => "it is valid for too long",
            Self::OldAuthentication => "the user authenticated too long ago",
            Self::SecurityEvent => "it is a security event and no login",
            Self::WrongNonce => "its nonce is another one",
            Self::UnverifiedEmail => "its email is not verified",
            Self::NoSubject => "it does not have the claims that the subject is made of",
            Self::KeysUnavailable => "the keys of its issuer cannot be had now",
        })
    }
}

impl std::error::Error for Refusal {}
