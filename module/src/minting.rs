//! A session's tokens: a pure function of its state, the configuration and the ring, so that a retry gets the same.

use crate::config::Config;
use crate::error::{self, Error};
use crate::reply::Reply;
use hallpass_engine::access::{self, Claims};
use hallpass_engine::keys::Keyring;
use hallpass_engine::record::Session;
use hallpass_engine::{json, refresh, token};
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

/// An answer of `AUTH.ISSUE` and `AUTH.REFRESH`. Lifetimes are seconds from now.
pub struct Tokens {
    access_token: String,
    expires_in: u64,
    refresh_token: String,
    refresh_expires_in: u64,
    session_id: Uuid,
}

impl Minting<'_> {
    /// The tokens of the session's current generation.
    ///
    /// # Errors
    /// [`Error::NoKey`] when no key may sign, `Refused` when the stored claims are not fit to be signed.
    pub fn tokens(&self, sid: Uuid, session: &Session) -> Result<Tokens, Error> {
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
        Ok(Tokens {
            access_token: access::mint(signing_key, &claims).map_err(|_| Error::Internal)?,
            expires_in: exp.saturating_sub(now),
            refresh_token: refresh::mint(refresh_key, self.subject, &sid, session.generation),
            refresh_expires_in: session.idle_expiry.saturating_sub(self.now) / 1000,
            session_id: sid,
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
        _ => Err(Error::Refused("ERR the session's stored claims are not usable")),
    }
}

impl Tokens {
    /// Whether `AUTH.VERIFY` would read the access token.
    ///
    /// # Errors
    /// [`error::TOKEN_TOO_LARGE`].
    pub fn check_size(&self) -> Result<(), Error> {
        if self.access_token.len() > token::MAX_BYTES { Err(error::TOKEN_TOO_LARGE) } else { Ok(()) }
    }

    /// The reply, in the documented order.
    pub fn into_members(self) -> Vec<(&'static str, Reply)> {
        vec![
            ("access_token", Reply::Text(self.access_token)),
            ("expires_in", Reply::number(self.expires_in)),
            ("refresh_token", Reply::Text(self.refresh_token)),
            ("refresh_expires_in", Reply::number(self.refresh_expires_in)),
            ("session_id", Reply::Text(self.session_id.to_string())),
        ]
    }
}
