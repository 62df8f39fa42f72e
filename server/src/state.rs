//! The state that all handlers share.

use crate::events::Events;
use crate::http::cookie::CookieMode;
use crate::http::error::ApiError;
use crate::http::notes;
use crate::http::verified_token::VerifiedToken;
use crate::middleware::MiddlewareState;
use crate::oauth_clients::Clients;
use crate::outside_issuers::OutsideIssuers;
use hallpass_client::{CommandError, Hallpass, ModuleInfo, SubjectKeys, Verifier};
use hallpass_engine::token;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::watch;

/// The state of the routes.
pub struct AppState {
    /// Redis.
    pub store: Arc<Hallpass>,
    /// Verifies access tokens, and asks Redis where it must.
    pub verifier: Verifier<VerifiedToken>,
    /// The OAuth clients.
    pub clients: Clients,
    /// The outside issuers whose tokens open sessions.
    pub issuers: OutsideIssuers,
    /// The module, once Redis was there.
    pub module: OnceLock<Module>,
    /// The custom claims that /verify passes on; all if `None`.
    pub verify_claims: Option<Vec<String>>,
    /// The maximum age of the login at /me; any age if `None`.
    pub me_auth_age: Option<Duration>,
    /// The name and attributes of the refresh token's cookie.
    pub cookies: CookieMode,
    /// The newest security events.
    pub events: Events,
    /// Whether the data is that of `--demo`.
    pub is_demo: bool,
    /// The part that the middleware uses, too.
    pub middleware: Arc<MiddlewareState>,
}

/// The module.
pub struct Module {
    /// Its configuration, as it was when the server found it.
    pub info: ModuleInfo,
    /// The Redis key of each subject.
    pub keys: SubjectKeys,
    /// Its audience now, which may be changed at any time.
    pub audience: watch::Sender<Option<String>>,
}

impl Module {
    /// Returns the module that was found; `None` if its key pattern is not one.
    pub fn found(info: ModuleInfo) -> Option<Self> {
        let (keys, audience) = (info.subject_keys()?, watch::Sender::new(info.audience.clone()));
        Some(Self { info, keys, audience })
    }
}

/// Returns a verifier that keeps of the custom claims the `selected` ones, or all.
pub fn verifier(store: &Arc<Hallpass>, selected: Option<Vec<String>>) -> Verifier<VerifiedToken> {
    Verifier::reading(Arc::clone(store), move |claims| VerifiedToken::read(claims, selected.as_deref()))
}

impl AppState {
    /// Returns the module, or 503 as long as it was not found.
    pub fn module(&self) -> Result<&Module, ApiError> {
        self.module.get().ok_or(ApiError::Unavailable)
    }

    /// Returns the module's audience, or 503 as long as the module was not found.
    pub fn audience(&self) -> Result<Option<String>, ApiError> {
        Ok(self.module()?.audience.borrow().clone())
    }

    /// Asks the module for its audience, and keeps the last one if Redis is away.
    pub async fn look_at_settings(&self) {
        if let (Ok(module), Ok(now)) = (self.module(), self.store.module_info().await) {
            module.audience.send_replace(now.audience);
        }
    }

    /// Returns the key of a subject that the caller names, or 400 if it is not a valid subject.
    pub fn key_of_subject(&self, subject: &str) -> Result<String, ApiError> {
        notes::subject(|| Some(subject.to_owned()));
        let problem = "subject: 1 to 255 bytes without control characters, and neither . nor ..";
        self.module()?.keys.of_subject(subject).ok_or_else(|| ApiError::invalid_request(problem))
    }

    /// Returns whether a refresh token was refused only because its session answers to a client that has to
    /// authenticate, and did not.
    pub async fn needs_credentials(&self, key: &str, refresh_token: &str) -> Result<bool, ApiError> {
        match self.store.inspect(key, refresh_token, false).await {
            Ok(token) if !token.is_bound => Ok(false),
            Ok(token) => Ok(token.client_id.is_some_and(|id| self.clients.is_confidential(&id))),
            Err(CommandError::Unavailable(_)) => Err(ApiError::Unavailable),
            Err(_) => Ok(false),
        }
    }

    /// Returns the key of the subject that a token of either kind names, or `None` if it is not a token.
    pub fn key_of_token(&self, token: &str) -> Result<Option<String>, ApiError> {
        notes::subject(|| token::subject(token));
        Ok(self.module()?.keys.of_token(token))
    }
}
