//! The keyring as a whole: the key that signs at a given time, and the keys that verify.

use super::{Jwk, JwkSet, KeyError, KeyringError, RefreshKey, SigningKey, Validity, policy};
use crate::json;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;

/// All keys of a node, parsed once.
pub struct Keyring {
    signing: Vec<Arc<SigningKey>>,
    refresh: Vec<RefreshKey>,
}

/// The state of a key at a given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStatus {
    /// It will sign from its `nbf` on, and verifies already.
    Next,
    /// It signs.
    Active,
    /// It verifies, but no longer signs.
    Retiring,
    /// It neither signs nor verifies.
    Expired,
}

impl KeyStatus {
    /// Returns its name in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Expired => "expired",
        }
    }
}

/// The public description of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySummary {
    /// Key id.
    pub kid: String,
    /// Algorithm.
    pub alg: &'static str,
    /// `sig` or `refresh`.
    pub usage: &'static str,
    /// Its state.
    pub status: KeyStatus,
    /// Its validity.
    pub validity: Validity,
}

impl Keyring {
    /// Reads a JWK Set.
    ///
    /// # Errors
    /// [`KeyringError`] if any key in it is unusable, or one of the two kinds is missing: a ring is accepted as a whole.
    pub fn parse(text: &[u8]) -> Result<Self, KeyringError> {
        let set: JwkSet = json::object(text).ok_or(KeyringError::NotAJwkSet)?;
        let mut ring = Self { signing: Vec::new(), refresh: Vec::new() };
        let mut kids = HashSet::new();
        for (index, jwk) in set.keys.iter().enumerate() {
            ring.add(jwk, kids.insert(jwk.kid.as_str()))
                .and(policy::check(jwk, &set.keys[..index]))
                .map_err(|problem| KeyringError::Key(index + 1, problem))?;
        }
        match (ring.signing.is_empty(), ring.refresh.is_empty()) {
            (true, _) => Err(KeyringError::NoSigningKey),
            (_, true) => Err(KeyringError::NoRefreshKey),
            _ => Ok(ring),
        }
    }

    fn add(&mut self, jwk: &Jwk, is_new: bool) -> Result<(), KeyError> {
        if !is_kid(&jwk.kid) {
            return Err(KeyError::KeyId);
        }
        if !is_new {
            return Err(KeyError::DuplicateKeyId);
        }
        let validity = Validity { nbf: jwk.nbf.unwrap_or(0), exp: jwk.exp };
        if jwk.exp.is_some_and(|exp| exp <= validity.nbf) {
            return Err(KeyError::NeverValid);
        }
        match jwk.usage.as_str() {
            "sig" => self.signing.push(Arc::new(SigningKey::from_jwk(jwk, validity)?)),
            "refresh" => self.refresh.push(RefreshKey::from_jwk(jwk, validity)?),
            _ => return Err(KeyError::Usage),
        }
        Ok(())
    }

    /// Returns the key that signs for a rotation at `at` (Unix seconds), so that a retry uses the same key; if that key
    /// has expired since, the key for `now`. `None` if no key may sign. Shared, so that another thread can make a slow
    /// signature.
    pub fn signing_key(&self, at: u64, now: u64) -> Option<&Arc<SigningKey>> {
        choose(&self.signing, |key| key.validity, at, now)
    }

    /// Returns the key for new refresh tokens, chosen as in [`Keyring::signing_key`].
    pub fn refresh_key(&self, at: u64, now: u64) -> Option<&RefreshKey> {
        choose(&self.refresh, |key| key.validity, at, now)
    }

    /// Returns the unexpired signing key with this id, also before its `nbf`: another node's clock may be ahead.
    pub fn verifying_key(&self, kid: &str, now: u64) -> Option<&SigningKey> {
        self.unexpired(now).find(|key| key.kid == kid)
    }

    /// Returns the unexpired signing key whose tokens have this encoded header.
    pub fn verifying_key_of_header(&self, header: &str, now: u64) -> Option<&SigningKey> {
        self.unexpired(now).find(|key| key.has_header(header))
    }

    fn unexpired(&self, now: u64) -> impl Iterator<Item = &SigningKey> {
        self.signing.iter().map(Arc::as_ref).filter(move |key| key.validity.is_unexpired(now))
    }

    /// Returns the unexpired refresh key with this id.
    pub fn refresh_key_by_id(&self, kid: impl AsRef<[u8]>, now: u64) -> Option<&RefreshKey> {
        self.refresh.iter().find(|key| key.kid.as_bytes() == kid.as_ref() && key.validity.is_unexpired(now))
    }

    /// Returns whether a key of each kind may sign at `now`, so that sessions can begin and go on.
    pub fn can_sign(&self, now: u64) -> bool {
        self.signing_key(now, now).is_some() && self.refresh_key(now, now).is_some()
    }

    /// Returns how many keys of either kind have expired at `now`.
    pub fn expired_keys(&self, now: u64) -> usize {
        let signing = self.signing.iter().map(|key| key.validity);
        let all = signing.chain(self.refresh.iter().map(|key| key.validity));
        all.filter(|validity| !validity.is_unexpired(now)).count()
    }

    /// Describes all keys at `now`: signing keys first, each kind in file order.
    pub fn summaries(&self, now: u64) -> Vec<KeySummary> {
        let signs = self.signing_key(now, now).map(|key| key.kid.as_str());
        let refreshes = self.refresh_key(now, now).map(|key| key.kid.as_str());
        let signing = self.signing.iter().map(|key| (&key.kid, key.alg().name(), "sig", key.validity, signs));
        let refresh = self.refresh.iter().map(|key| (&key.kid, "HS256", "refresh", key.validity, refreshes));
        signing
            .chain(refresh)
            .map(|(kid, alg, usage, validity, active)| {
                let status = status(validity, active == Some(kid.as_str()), now);
                KeySummary { kid: kid.clone(), alg, usage, status, validity }
            })
            .collect()
    }

    /// Returns the JWK Set to publish: public halves of all unexpired signing keys, future ones included.
    pub fn public_jwks(&self, now: u64) -> String {
        let keys: Vec<_> = self
            .signing
            .iter()
            .filter(|key| key.validity.is_unexpired(now))
            .filter_map(|key| key.public.as_ref())
            .collect();
        json!({ "keys": keys }).to_string()
    }
}

/// Returns the newest key that may sign at `at` and is still valid `now`, else the newest that may sign now. The newest
/// has the latest `nbf`; of equals, it is the later in the file.
fn choose<K>(keys: &[K], validity: impl Fn(&K) -> Validity, at: u64, now: u64) -> Option<&K> {
    let newest =
        |time| keys.iter().filter(|key| validity(key).may_sign(time)).max_by_key(|key| validity(key).nbf);
    newest(at).filter(|key| validity(key).is_unexpired(now)).or_else(|| newest(now))
}

fn status(validity: Validity, is_active: bool, now: u64) -> KeyStatus {
    match (validity.is_unexpired(now), validity.may_sign(now)) {
        (false, _) => KeyStatus::Expired,
        (true, false) => KeyStatus::Next,
        (true, true) if is_active => KeyStatus::Active,
        (true, true) => KeyStatus::Retiring,
    }
}

fn is_kid(kid: &str) -> bool {
    (1..=64).contains(&kid.len()) && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
