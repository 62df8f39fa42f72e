//! What every handler shares.

use crate::http::cookie::CookieMode;
use crate::http::error::ApiError;
use crate::middleware::MiddlewareState;
use crate::oauth_clients::Clients;
use hallpass_client::{Hallpass, ModuleInfo, SubjectKeys};
use std::sync::Arc;
use std::time::Duration;

/// The state of the routes.
pub struct AppState {
    /// Redis.
    pub store: Hallpass,
    /// Who may issue.
    pub clients: Clients,
    /// From subjects to keys and back.
    pub keys: SubjectKeys,
    /// The module's configuration when the server started.
    pub module: ModuleInfo,
    /// The custom claims that /verify shows; all of them if `None`.
    pub verify_claims: Option<Vec<String>>,
    /// How long ago the login may be at /me; any time if `None`.
    pub me_auth_age: Option<Duration>,
    /// How browsers keep their refresh tokens.
    pub cookies: CookieMode,
    /// What the routes have in common with what is around them.
    pub middleware: Arc<MiddlewareState>,
}

impl AppState {
    /// Returns the key of a subject that a caller names; 400 when it cannot be one.
    pub fn key_of_subject(&self, subject: &str) -> Result<String, ApiError> {
        let problem = "subject: 1 to 255 bytes without control characters, and neither . nor ..";
        self.keys.of_subject(subject).ok_or_else(|| ApiError::invalid_request(problem))
    }

    /// Returns the key of the subject that a token of either kind names; `None` when it is not a token.
    pub fn key_of_token(&self, token: &str) -> Option<String> {
        self.keys.of_token(token)
    }
}
