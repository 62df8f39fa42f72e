//! Builds a session's tokens: a pure function of its state, the configuration and the ring, so that a retry gets the
//! same.

use crate::config::Config;
use crate::error::{self, Error};
use crate::format::Format;
use crate::tokens::verify_cache::{self, Epoch};
use hallpass_engine::access::{self, AccessToken, Claims, Unsigned};
use hallpass_engine::keys::{Keyring, SigningKey};
use hallpass_engine::login::Login;
use hallpass_engine::record::Session;
use hallpass_engine::time::seconds;
use hallpass_engine::{json, refresh, token};
use std::borrow::Cow;
use std::sync::Arc;
use uuid::Uuid;

/// Builds the tokens of one answer.
pub struct TokenBuilder<'a> {
    /// Settings in force.
    pub config: &'a Config,
    /// The ring in use.
    pub ring: &'a Keyring,
    /// The user.
    pub subject: &'a str,
    /// The database that the session is in.
    pub database: u32,
    /// The time in Unix ms, read once by the command.
    pub now: u64,
    /// The format of the answer.
    pub format: Format,
}

/// An answer of `AUTH.ISSUE` and `AUTH.REFRESH`, complete except for the access token's signature.
pub struct UnsignedTokens {
    key: Arc<SigningKey>,
    unsigned: Unsigned,
    /// The epoch and the limit of the verify cache.
    cache: (Epoch, usize),
    members: Members,
    format: Format,
}

/// A complete answer of `AUTH.ISSUE` and `AUTH.REFRESH`.
pub struct TokenReply {
    /// The access token.
    pub access: Arc<AccessToken>,
    /// The other members.
    pub members: Members,
    /// Its format.
    pub format: Format,
}

/// The members of an answer besides the access token. Lifetimes are seconds from now.
#[allow(missing_docs)] // Each is the member of its name.
pub struct Members {
    pub expires_in: u64,
    pub refresh_token: String,
    pub refresh_expires_in: u64,
    pub session_id: Uuid,
    pub scope: Option<String>,
    pub evicted: Option<Vec<Uuid>>,
}

impl TokenBuilder<'_> {
    /// Builds the tokens of the session's current generation.
    ///
    /// # Errors
    /// [`Error::NoKey`] if no key may sign, [`Error::StoredClaims`] if the stored claims must not be signed,
    /// [`error::TOKEN_TOO_LARGE`] if AUTH.VERIFY would not read the access token.
    pub fn tokens(&self, sid: Uuid, session: &Session) -> Result<UnsignedTokens, Error> {
        let (began, now) = (seconds(session.rotated_at), seconds(self.now));
        let signing_key = self.ring.signing_key(began, now).ok_or(Error::NoKey)?;
        let refresh_key = self.ring.refresh_key(began, now).ok_or(Error::NoKey)?;
        let login = Login { sid, issued_at: session.issued_at };
        let claims = self.claims(&login, session)?;
        let unsigned = access::unsigned(signing_key, &claims);
        if unsigned.signed_len(signing_key) > token::MAX_BYTES {
            return Err(error::TOKEN_TOO_LARGE);
        }
        Ok(UnsignedTokens {
            key: signing_key.clone(),
            unsigned,
            cache: (verify_cache::epoch(), self.config.verify_cache_limit()),
            members: Members {
                expires_in: claims.exp.saturating_sub(now),
                refresh_token: refresh::mint(
                    refresh_key,
                    self.subject,
                    &login,
                    session.generation,
                    self.database,
                ),
                refresh_expires_in: seconds(session.idle_expiry.saturating_sub(self.now)),
                session_id: sid,
                scope: self.scope(&claims),
                evicted: None,
            },
            format: self.format,
        })
    }

    /// Checks that `AUTH.VERIFY` would read every access token that the session can come to have.
    ///
    /// # Errors
    /// [`error::TOKEN_TOO_LARGE`] if not, and [`Error::StoredClaims`] as above.
    pub fn check_reserve(&self, sid: Uuid, session: &Session) -> Result<(), Error> {
        let login = Login { sid, issued_at: session.issued_at };
        let length = access::longest(&self.claims(&login, session)?);
        if length > token::MAX_BYTES { Err(error::TOKEN_TOO_LARGE) } else { Ok(()) }
    }

    /// Returns the contents of the access token.
    fn claims<'c>(&'c self, login: &'c Login, session: &'c Session) -> Result<Claims<'c>, Error> {
        let (iat, exp) = self.config.access_ttls().of_token(&login.sid, session, self.now);
        Ok(Claims {
            typ: self.config.token_type(),
            iss: self.config.issuer(),
            aud: session.audience.as_deref().or(self.config.audience()),
            sub: self.subject,
            login,
            database: self.database,
            generation: session.generation,
            claims_version: session.claims_version,
            auth_time: session.authenticated_at(),
            iat,
            exp,
            client_id: session.client.as_deref(),
            custom: checked_claims(session)?,
        })
    }

    /// Returns the scope, which only the token response of OAuth 2.0 has as a member.
    fn scope(&self, claims: &Claims<'_>) -> Option<String> {
        match self.format {
            Format::Resp => None,
            Format::Json => claims.custom.and_then(json::scope).map(Cow::into_owned),
        }
    }
}

/// Returns the stored claims, which must be what this module wrote.
fn checked_claims(session: &Session) -> Result<Option<&str>, Error> {
    match session.claims.as_deref() {
        Some(stored) if !json::are_written_here(stored) => Err(Error::StoredClaims),
        claims => Ok(claims),
    }
}

impl UnsignedTokens {
    /// Returns whether signing would make other clients wait.
    pub fn is_slow_to_sign(&self) -> bool {
        self.key.alg().is_slow_to_sign()
    }

    /// Adds the member `evicted`.
    pub fn with_evicted(mut self, evicted: Vec<Uuid>) -> Self {
        self.members.evicted = Some(evicted);
        self
    }

    /// Signs. Most access tokens are verified soon, so the token is cached if that saves more than it costs.
    ///
    /// # Errors
    /// [`Error::Internal`] if the cryptographic library fails, which is not expected. The state has changed then, and a
    /// retry repairs that.
    pub fn sign(self) -> Result<TokenReply, Error> {
        let access = Arc::new(self.unsigned.sign(&self.key).map_err(|_| Error::Internal)?);
        if !self.key.alg().is_cheap_to_verify() {
            let (epoch, limit) = self.cache;
            verify_cache::insert_minted(&access, epoch, limit);
        }
        Ok(TokenReply { access, members: self.members, format: self.format })
    }
}
