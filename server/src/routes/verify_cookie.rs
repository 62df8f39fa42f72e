//! `/verify` by cookie (`--session-cookie`): pages, downloads and images, whose requests carry no access token. The cookie's
//! refresh token is inspected, and exchanged from time to time, so that whoever comes back stays logged in.

use crate::http::cookie::Presented;
use crate::http::cross_site::Waiting;
use crate::http::error::ApiError;
use crate::middleware::rate_limit::{Purpose, RateLimitKey};
use crate::middleware::source::Source;
use crate::state::AppState;
use axum::response::{IntoResponse, Response};
use hallpass_client::{CommandError, Inspected, RefreshOptions, TokenState, Tokens, Verified};
use std::time::{SystemTime, UNIX_EPOCH};

/// How a session is refused that is for another audience than the one that is asked for.
pub const OTHER_AUDIENCE: ApiError = ApiError::InvalidToken("the session is for another audience");

/// A request that waits at a gateway, with a cookie.
pub struct ByCookie<'a> {
    /// The state of the server.
    pub state: &'a AppState,
    /// The request.
    pub waiting: Waiting<'a>,
    /// Where it comes from.
    pub source: Source,
}

/// A session that was found alive.
struct LiveSession<'a> {
    key: String,
    token: &'a str,
    found: Verified<Inspected>,
}

impl ByCookie<'_> {
    /// Answers the request: checks that no other site has made it, asks for the session, lets `answer` judge it, and
    /// renews the cookie if that is due. A cookie that is good for nothing is cleared.
    pub async fn answer(
        &self,
        answer: impl Fn(&Verified<Inspected>) -> Result<Response, ApiError>,
    ) -> Result<Response, ApiError> {
        let presented = self.state.cookies.presented(self.waiting.headers);
        if presented == Presented::Nothing {
            return Err(ApiError::MissingToken);
        }
        self.waiting.check_site(|origin| self.state.middleware.cors.allows(origin))?;
        let Presented::Token(token) = presented else {
            return Err(ApiError::InvalidToken("more than one cookie was sent"));
        };
        match self.live_session(token).await {
            Ok(session) => self.answer_with(&session, answer).await,
            Err(error) => self.refuse(error),
        }
    }

    /// Returns the session of the cookie, if that is alive and any browser may use it. A token that was used before ends
    /// the session: somebody has a copy of it.
    async fn live_session<'t>(&self, token: &'t str) -> Result<LiveSession<'t>, ApiError> {
        let key = self.state.key_of_token(token)?.ok_or(ApiError::InvalidToken("the cookie is invalid"))?;
        let found = self.state.verifier.inspect_or_stale(&self.state.module()?.keys, token).await?;
        if found.value.is_bound {
            return Err(ApiError::InvalidToken("the session answers only to its client"));
        }
        match found.value.state {
            _ if found.value.is_active => Ok(LiveSession { key, token, found }),
            Some(TokenState::Reused) => {
                let refreshed = self.state.store.refresh(&key, token, &RefreshOptions::default()).await;
                // It is answered only if something has changed meanwhile.
                Err(refreshed.map_or_else(ApiError::from, |_| ApiError::Unavailable))
            }
            Some(TokenState::Expired) => Err(CommandError::ExpiredToken.into()),
            _ => Err(CommandError::NoSession.into()),
        }
    }

    async fn answer_with(
        &self,
        session: &LiveSession<'_>,
        answer: impl Fn(&Verified<Inspected>) -> Result<Response, ApiError>,
    ) -> Result<Response, ApiError> {
        let mut response = match answer(&session.found) {
            Err(OTHER_AUDIENCE) => answer(&self.asked_again(session).await?)?,
            answered => answered?,
        };
        match self.renewed(session).await {
            Ok(None) => {}
            Ok(Some(tokens)) => {
                self.state.cookies.set(&mut response, &tokens.refresh_token, tokens.refresh_expires_in);
            }
            Err(error) => return self.refuse(error),
        }
        Ok(response)
    }

    /// Asks once more, since the audience of a session without one of its own is the module's, which may just have changed.
    async fn asked_again(&self, session: &LiveSession<'_>) -> Result<Verified<Inspected>, ApiError> {
        self.state.look_at_settings().await;
        let found = self.state.store.inspect(&session.key, session.token, true).await?;
        if !found.is_active {
            return Err(CommandError::NoSession.into());
        }
        Ok(Verified { value: found.into(), is_stale: false })
    }

    /// Renews the cookie, if that is due, and unless the address renews too many. An outage is no reason to turn somebody
    /// away who is logged in.
    async fn renewed(&self, session: &LiveSession<'_>) -> Result<Option<Tokens>, ApiError> {
        let key = RateLimitKey { source: self.source, purpose: Purpose::Renewal };
        if session.found.is_stale
            || !self.is_due(&session.found.value)
            || self.state.middleware.limits.count(key).is_err()
        {
            return Ok(None);
        }
        let options = RefreshOptions::default();
        match self.state.store.refresh(&session.key, session.token, &options).await {
            Ok(tokens) => Ok(Some(tokens)),
            Err(CommandError::Unavailable(_)) => Ok(None),
            Err(CommandError::Rejected(text)) => {
                tracing::warn!("cookies are not renewed: {text}");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Returns whether the cookie is to be renewed: at a navigation as soon as the access token would have expired, at
    /// another request, whose response a browser may drop, only when a quarter of the idle time has passed; and whenever
    /// the browser has missed a renewal.
    fn is_due(&self, found: &Inspected) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let due = if self.waiting.is_navigation() { found.access_expires_at } else { found.quarter_at() };
        found.state != Some(TokenState::Current) || due.is_some_and(|due| due <= now)
    }

    /// Refuses the request, and clears the cookie if the error is about it.
    fn refuse(&self, error: ApiError) -> Result<Response, ApiError> {
        if !matches!(error, ApiError::InvalidToken(_)) {
            return Err(error);
        }
        let mut response = error.into_response();
        self.state.cookies.clear(&mut response);
        Ok(response)
    }
}
