//! `/verify` and `/verify/…`, any method: forward authentication for nginx, Caddy, Traefik and Envoy. The proxy asks
//! here before it forwards a request, and copies the response's headers into it.

use crate::http::bearer;
use crate::http::claims::{Verified, percent_encoded};
use crate::http::cross_site::Waiting;
use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::middleware::source::Arrival;
use crate::routes::verify_cookie::ByCookie;
use crate::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use hallpass_client::{ANY_AUDIENCE, Inspected};
use std::sync::Arc;

const SUBJECT: HeaderName = HeaderName::from_static("x-auth-subject");
const SESSION: HeaderName = HeaderName::from_static("x-auth-session");
const CLAIMS: HeaderName = HeaderName::from_static("x-auth-claims");

/// Answers `/verify?audience=…`. The query comes from the proxy's configuration, so it may choose the audience, or `*`
/// for any.
pub async fn verify(
    State(state): State<Arc<AppState>>,
    arrival: Option<Extension<Arrival>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = Form::parse(uri.query().unwrap_or_default())?;
    let check = Check { state: &state, headers: &headers, audience: query.get("audience") };
    check.answer(arrival, None).await
}

/// Answers `/verify/…`. Path and query are those of the request at the proxy, which Envoy appends. The query comes from
/// the end user and is ignored: `?audience=*` there would open every service to tokens meant for another. The method is the
/// request's own, too.
pub async fn verify_path(
    State(state): State<Arc<AppState>>,
    arrival: Option<Extension<Arrival>>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let check = Check { state: &state, headers: &headers, audience: None };
    check.answer(arrival, Some(&method)).await
}

/// A question of a proxy.
struct Check<'a> {
    state: &'a AppState,
    headers: &'a HeaderMap,
    audience: Option<&'a str>,
}

impl Check<'_> {
    /// Answers by the access token, or by the cookie where that counts and there is no `Authorization`.
    async fn answer(
        &self,
        arrival: Option<Extension<Arrival>>,
        method: Option<&Method>,
    ) -> Result<Response, ApiError> {
        match arrival {
            Some(Extension(Arrival { source, is_proxied }))
                if !self.headers.contains_key(header::AUTHORIZATION) =>
            {
                let waiting = Waiting { headers: self.headers, is_proxied, method };
                let by_cookie = ByCookie { state: self.state, waiting, source };
                by_cookie.answer(|found| self.by_session(found)).await
            }
            _ => self.by_token().await,
        }
    }

    /// Verifies the token by AUTH.VERIFY: 200 with `X-Auth-Subject` (percent-encoded), `X-Auth-Session` and `X-Auth-Claims`
    /// (custom claims as JSON in ASCII), else 401 with a challenge (RFC 6750 §3). All three headers are always present, so
    /// that a proxy that copies them overwrites whatever the end user sent under these names.
    async fn by_token(&self) -> Result<Response, ApiError> {
        let token = bearer::token(self.headers)?;
        let key = self.state.key_of_token(token)?.ok_or(ApiError::InvalidToken("the token is invalid"))?;
        let json = self.state.store.verify(&key, token, self.audience).await?;
        Ok(self.identity(&Verified::read(&json).ok_or(ApiError::Unavailable)?))
    }

    /// Answers as for an access token of this session.
    fn by_session(&self, found: &Inspected) -> Result<Response, ApiError> {
        let audience = self.audience.or(self.state.module()?.info.audience.as_deref());
        if audience.is_some_and(|audience| audience != ANY_AUDIENCE && found.aud.as_deref() != Some(audience))
        {
            return Err(ApiError::InvalidToken("the session is for another audience"));
        }
        Ok(self.identity(&Verified::of_session(found).ok_or(ApiError::Unavailable)?))
    }

    fn identity(&self, claims: &Verified<'_>) -> Response {
        let answer = [
            (SUBJECT, percent_encoded(&claims.subject)),
            (SESSION, percent_encoded(&claims.session)),
            (CLAIMS, claims.custom_claims(self.state.verify_claims.as_deref())),
        ];
        ([(header::CACHE_CONTROL, "no-store")], answer).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer, shared};
    use axum::http::{HeaderValue, StatusCode};

    #[tokio::test]
    async fn a_bearer_token_is_asked_for_and_judged() {
        let answer =
            Answer::read(verify(shared(), None, Uri::from_static("/verify"), HeaderMap::new()).await).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        let bad = HeaderValue::from_static("Bearer nonsense");
        let answer =
            verify_path(shared(), None, Method::GET, HeaderMap::from_iter([(header::AUTHORIZATION, bad)]))
                .await;
        let answer = Answer::read(answer).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(
            answer.headers["www-authenticate"].to_str().expect("ASCII").contains("error=\"invalid_token\"")
        );
    }
}
