//! Hallpass for axum: an extractor that says who asks, and the calls behind a login.

use std::sync::Arc;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use hallpass_client::{
    Address, CommandError, IssueOptions, Kept, Page, RefreshOptions, Revocation, SubjectKeys, Tokens,
    Verifier, VerifyCache,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// Everything that an application asks Hallpass. It keeps what Redis said of a token until Redis says that the user's
/// sessions have changed.
pub struct Hallpass {
    commands: Arc<hallpass_client::Hallpass>,
    verifier: Verifier<User>,
    keys: SubjectKeys,
}

/// Who asks, as the access token says.
#[derive(Clone, Deserialize)]
pub struct User {
    /// The user's id.
    #[serde(rename = "sub")]
    pub id: String,
    /// The session that asks.
    pub sid: String,
    /// A claim of this application.
    #[serde(default)]
    pub name: String,
}

impl Kept for User {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.id.len() + self.sid.len() + self.name.len()
    }
}

impl Hallpass {
    /// Prepares for a Redis; the first call connects.
    pub fn new(redis: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let commands = hallpass_client::Hallpass::new(&Address::parse(redis)?)?;
        let commands = Arc::new(commands.with_verify_cache(VerifyCache::default()));
        let verifier = Verifier::reading(Arc::clone(&commands), |claims| serde_json::from_str(claims).ok());
        let keys = SubjectKeys::new("auth:*").ok_or("not a key pattern")?;
        Ok(Self { commands, verifier, keys })
    }

    /// Begins a session for a user whose password was right.
    pub async fn begin(&self, id: &str, claims: &Value) -> Result<Tokens, Refused> {
        let claims = claims.to_string();
        let options = IssueOptions { claims: Some(&claims), ..IssueOptions::default() };
        Ok(self.commands.issue(&self.key_of(id)?, &options).await?)
    }

    /// Returns the next tokens. Asked again with the same refresh token, they are the same.
    pub async fn refresh(&self, token: &str) -> Result<Tokens, Refused> {
        let key = self.keys.of_token(token).ok_or(CommandError::InvalidToken)?;
        Ok(self.commands.refresh(&key, token, &RefreshOptions::default()).await?)
    }

    /// Ends the session of a refresh token, if it has not ended yet.
    pub async fn end(&self, token: &str) -> Result<(), Refused> {
        if let Some(key) = self.keys.of_token(token) {
            self.commands.revoke(&key, Revocation::Token { token, client: None }).await?;
        }
        Ok(())
    }

    /// Returns where a user is logged in, the newest first; the session that asks is marked.
    pub async fn sessions(&self, user: &User) -> Result<Vec<Value>, Refused> {
        let found = self.commands.sessions(&self.key_of(&user.id)?, Page::default(), false).await?;
        let shown = found.into_iter().map(|session| {
            let is_current = session.sid == user.sid;
            json!({"sid": session.sid, "last_used_at": session.last_used_at, "current": is_current})
        });
        Ok(shown.collect())
    }

    /// Ends all sessions of a user, and returns how many there were.
    pub async fn log_out_everywhere(&self, user: &User) -> Result<u64, Refused> {
        Ok(self.commands.revoke(&self.key_of(&user.id)?, Revocation::All { except: None }).await?)
    }

    fn key_of(&self, id: &str) -> Result<String, CommandError> {
        self.keys.of_subject(id).ok_or(CommandError::InvalidToken)
    }
}

impl FromRequestParts<Arc<Hallpass>> for User {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, hallpass: &Arc<Hallpass>) -> Result<Self, Refused> {
        let token = bearer(&parts.headers).ok_or(CommandError::InvalidToken)?;
        let user = hallpass.verifier.verify(&hallpass.keys, token, None).await?;
        Ok(User::clone(&user))
    }
}

/// Returns the access token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A command that was refused: 401 if that is because of the token, and 503 for everything else, which logs nobody out.
pub struct Refused(CommandError);

impl From<CommandError> for Refused {
    fn from(error: CommandError) -> Self {
        Self(error)
    }
}

impl Refused {
    /// Returns whether the token is good for nothing.
    pub fn is_about_the_token(&self) -> bool {
        use CommandError::{ExpiredToken, InvalidToken, NoSession, ReusedToken, StaleToken};
        matches!(self.0, InvalidToken | ExpiredToken | NoSession | ReusedToken | StaleToken)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        if self.is_about_the_token() {
            let body = Json(json!({"error": "invalid_token"}));
            return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], body).into_response();
        }
        eprintln!("{}", self.0);
        let body = Json(json!({"error": "temporarily_unavailable"}));
        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], body).into_response()
    }
}
