//! A session's tokens: a pure function of its state, the configuration and the ring, so that a retry gets the same.

use crate::config::Config;
use crate::error::{self, Error};
use crate::reply::Reply;
use crate::verified::{self, Epoch};
use hallpass_engine::access::{self, AccessToken, Claims, Unsigned};
use hallpass_engine::keys::{Keyring, SigningKey};
use hallpass_engine::record::Session;
use hallpass_engine::{json, refresh, token};
use std::sync::Arc;
use uuid::Uuid;

/// What the tokens of one answer are made from.
pub struct Minting<'a> {
    /// Settings in force.
    pub config: &'a Config,
    /// The ring in use.
    pub ring: &'a Keyring,
    /// The user.
    pub subject: &'a str,
    /// Unix ms, as read once by the command.
    pub now: u64,
}

/// An answer of `AUTH.ISSUE` and `AUTH.REFRESH`, complete but for the access token's signature.
pub struct UnsignedTokens {
    key: Arc<SigningKey>,
    unsigned: Unsigned,
    remember: (Epoch, usize),
    rest: Rest,
}

/// A complete answer of `AUTH.ISSUE` and `AUTH.REFRESH`.
pub struct Tokens {
    /// The access token.
    pub access: Arc<AccessToken>,
    /// What else the answer says.
    pub rest: Rest,
}

/// What an answer says besides the access token. Lifetimes are seconds from now.
#[allow(missing_docs)] // Each is the member of its name.
pub struct Rest {
    pub expires_in: u64,
    pub refresh_token: String,
    pub refresh_expires_in: u64,
    pub session_id: Uuid,
    pub evicted: Option<Vec<Uuid>>,
}

impl Minting<'_> {
    /// The tokens of the session's current generation.
    ///
    /// # Errors
    /// [`Error::NoKey`] when no key may sign, [`Error::StoredClaims`] when the stored claims are not fit to be signed.
    pub fn tokens(&self, sid: Uuid, session: &Session) -> Result<UnsignedTokens, Error> {
        let (began, now) = (session.rotated_at / 1000, self.now / 1000);
        let signing_key = self.ring.signing_key(began, now).ok_or(Error::NoKey)?;
        let refresh_key = self.ring.refresh_key(began, now).ok_or(Error::NoKey)?;
        let (iat, exp) = self.lifetime(session);
        let claims = Claims {
            iss: self.config.issuer(),
            aud: session.audience.as_deref().or(self.config.audience()),
            sub: self.subject,
            sid: &sid,
            generation: session.generation,
            claims_version: session.claims_version,
            auth_time: session.issued_at / 1000,
            iat,
            exp,
            client_id: session.client.as_deref(),
            custom: checked_claims(session)?,
        };
        Ok(UnsignedTokens {
            key: signing_key.clone(),
            unsigned: access::unsigned(signing_key, &claims),
            remember: (verified::epoch(), self.config.verify_cache_limit()),
            rest: Rest {
                expires_in: exp.saturating_sub(now),
                refresh_token: refresh::mint(refresh_key, self.subject, &sid, session.generation),
                refresh_expires_in: session.idle_expiry.saturating_sub(self.now) / 1000,
                session_id: sid,
                evicted: None,
            },
        })
    }

    /// `iat` and `exp` of the access token: from the rotation on, or from now if that token would be over already.
    fn lifetime(&self, session: &Session) -> (u64, u64) {
        let ttl = session.access_ttl.unwrap_or(self.config.access_ttl);
        let end = session.idle_expiry.min(session.absolute_expiry) / 1000;
        // In the session's last second a token still gets one, or it would be expired at birth.
        let from = |iat: u64| (iat, iat.saturating_add(ttl).min(end).max(iat + 1));
        let (began, now) = (session.rotated_at / 1000, self.now / 1000);
        let (iat, exp) = from(began);
        if exp > now { (iat, exp) } else { from(now) }
    }
}

/// The stored claims, proven to be what this module wrote: whoever can write to Redis may choose claims, but not break
/// out of them.
fn checked_claims(session: &Session) -> Result<Option<&str>, Error> {
    let Some(stored) = session.claims.as_deref() else {
        return Ok(None);
    };
    match json::claims(stored.as_bytes(), usize::MAX) {
        Ok(rewritten) if rewritten == stored => Ok(Some(stored)),
        _ => Err(Error::StoredClaims),
    }
}

impl UnsignedTokens {
    /// Whether `AUTH.VERIFY` would read the access token.
    ///
    /// # Errors
    /// [`error::TOKEN_TOO_LARGE`].
    pub fn check_size(&self) -> Result<(), Error> {
        let length = self.unsigned.signed_len(&self.key);
        if length > token::MAX_BYTES { Err(error::TOKEN_TOO_LARGE) } else { Ok(()) }
    }

    /// Whether signing would keep other clients waiting.
    pub fn is_slow_to_sign(&self) -> bool {
        self.key.alg().is_slow_to_sign()
    }

    /// Adds the member `evicted`.
    pub fn with_evicted(mut self, evicted: Vec<Uuid>) -> Self {
        self.rest.evicted = Some(evicted);
        self
    }

    /// Signs. Most access tokens are verified soon, and are remembered for it where that saves more than it costs.
    ///
    /// # Errors
    /// [`Error::Internal`] when the cryptographic library fails, which is not expected. The state has changed then, and
    /// a retry repairs it.
    pub fn sign(self) -> Result<Reply, Error> {
        let access = Arc::new(self.unsigned.sign(&self.key).map_err(|_| Error::Internal)?);
        if !self.key.alg().is_cheap_to_verify() {
            let (epoch, limit) = self.remember;
            verified::remember_minted(&access, epoch, limit);
        }
        Ok(Reply::Tokens(Tokens { access, rest: self.rest }))
    }
}
