//! Rules for keys beyond their form: what a key says of itself must fit its use here, and its secret must be one.

use super::Jwk;
use super::error::KeyError;
use crate::base64url::decode;
use serde::{Deserialize, Deserializer};

/// The operations that a key is meant for (RFC 7517 §4.3), as they stand in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOperations {
    /// A list of texts.
    List(Vec<String>),
    /// Something else, which the standard does not allow.
    Malformed,
}

impl KeyOperations {
    /// Reads the member, which must be there. It is malformed if it is anything but a list of texts, so that the error can
    /// name the key.
    pub(super) fn read<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Self>, D::Error> {
        let value = serde_json::Value::deserialize(source)?;
        let list = value.as_array().map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)));
        let texts: Option<Vec<_>> = list.and_then(Iterator::collect);
        Ok(Some(texts.map_or(Self::Malformed, Self::List)))
    }

    /// Returns whether a key with these may sign, and do nothing that has to do with other uses. Symmetric and private keys
    /// may be for signing only, or for verifying, too.
    fn allow_signing(&self) -> bool {
        match self {
            Self::List(names) => {
                let times = |operation: &str| names.iter().filter(|name| *name == operation).count();
                times("sign") == 1 && times("verify") + 1 == names.len() && names.len() <= 2
            }
            Self::Malformed => false,
        }
    }
}

/// Checks that a key is meant for what it is used for here, and that a symmetric secret is neither a pattern nor that of one
/// of the `others` with another use.
///
/// # Errors
/// [`KeyError::Operations`], [`KeyError::Predictable`] and [`KeyError::SharedSecret`].
pub(super) fn check(jwk: &Jwk, others: &[Jwk]) -> Result<(), KeyError> {
    if jwk.key_ops.as_ref().is_some_and(|operations| !operations.allow_signing()) {
        return Err(KeyError::Operations);
    }
    // Of these bytes there is one spelling.
    let is_shared = |other: &Jwk| jwk.k.is_some() && other.k == jwk.k && other.usage != jwk.usage;
    match jwk.k.as_ref().and_then(decode) {
        Some(secret) if repeats_itself(&secret) => Err(KeyError::Predictable),
        _ if others.iter().any(is_shared) => Err(KeyError::SharedSecret),
        _ => Ok(()),
    }
}

/// Returns whether a text of at most half its length makes up all of it: one byte, or a word, again and again. Random bytes
/// never do.
fn repeats_itself(secret: &[u8]) -> bool {
    (1..=secret.len() / 2)
        .any(|period| secret.iter().zip(&secret[period..]).all(|(byte, later)| byte == later))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_repeat_themselves_are_found() {
        for secret in [
            &[0; 32][..],
            &b"password".repeat(4),
            &b"correct horse ".repeat(3),
            b"abababababababababababababababababa",
        ] {
            assert!(repeats_itself(secret), "{}", secret.escape_ascii());
        }
        let counted: Vec<u8> = (0..32).collect();
        for secret in [&counted[..], b"password1password2password3passw", &[&[7; 31][..], &[8]].concat()] {
            assert!(!repeats_itself(secret), "{}", secret.escape_ascii());
        }
    }
}
