//! The state that all handlers share.

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
    /// The OAuth clients.
    pub clients: Clients,
    /// The Redis key of each subject.
    pub keys: SubjectKeys,
    /// The module's configuration when the server started.
    pub module: ModuleInfo,
    /// The custom claims that /verify returns; all of them if `None`.
    pub verify_claims: Option<Vec<String>>,
    /// The maximum age of the login at /me; any age if `None`.
    pub me_auth_age: Option<Duration>,
    /// The name and attributes of the refresh token's cookie.
    pub cookies: CookieMode,
    /// The part that the middleware uses, too.
    pub middleware: Arc<MiddlewareState>,
}

impl AppState {
    /// Returns the key of a subject that the caller names, or 400 if it is not a valid subject.
    pub fn key_of_subject(&self, subject: &str) -> Result<String, ApiError> {
        let problem = "subject: 1 to 255 bytes without control characters, and neither . nor ..";
        self.keys.of_subject(subject).ok_or_else(|| ApiError::invalid_request(problem))
    }

    /// Returns the key of the subject that a token of either kind names, or `None` if it is not a token.
    pub fn key_of_token(&self, token: &str) -> Option<String> {
        self.keys.of_token(token)
    }
}
