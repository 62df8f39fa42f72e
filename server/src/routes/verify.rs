//! `/verify` and `/verify/…`, any method: forward authentication for nginx, Caddy, Traefik and Envoy. The proxy asks
//! here before it forwards a request, and copies the response's headers into it.

use crate::http::bearer;
use crate::http::cross_site::Waiting;
use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::http::notes;
use crate::http::verified_token::VerifiedToken;
use crate::middleware::source::Arrival;
use crate::routes::verify_cookie::{ByCookie, OTHER_AUDIENCE};
use crate::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use hallpass_client::{ANY_AUDIENCE, Inspected, Verified};
use hallpass_engine::token;
use std::sync::Arc;
use std::time::Duration;

const SUBJECT: HeaderName = HeaderName::from_static("x-auth-subject");
const SESSION: HeaderName = HeaderName::from_static("x-auth-session");
const CLAIMS: HeaderName = HeaderName::from_static("x-auth-claims");
const STALE: HeaderName = HeaderName::from_static("x-auth-stale");

/// Answers `/verify?audience=…&scope=…&max_age=…`. The query comes from the proxy's configuration, so it may choose the
/// audience, or `*` for any.
pub async fn verify(
    State(state): State<Arc<AppState>>,
    arrival: Option<Extension<Arrival>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = uri.query().map(Form::parse).transpose()?;
    let demands = query.as_ref().map_or(Ok(Demands::default()), Demands::of)?;
    Check { state: &state, headers: &headers, demands }.answer(arrival, None).await
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
    let demands = Demands::default();
    Check { state: &state, headers: &headers, demands }.answer(arrival, Some(&method)).await
}

/// A question of a proxy.
struct Check<'a> {
    state: &'a AppState,
    headers: &'a HeaderMap,
    demands: Demands<'a>,
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

    /// Verifies the token, by AUTH.VERIFY where it must.
    async fn by_token(&self) -> Result<Response, ApiError> {
        let token = bearer::token(self.headers)?;
        notes::subject(|| token::subject(token));
        let keys = &self.state.module()?.keys;
        let verified = self.state.verifier.verify_or_stale(keys, token, self.demands.audience).await?;
        self.identity(&verified.value, verified.is_stale)
    }

    /// Answers as for an access token of this session.
    fn by_session(&self, found: &Verified<Inspected>) -> Result<Response, ApiError> {
        let session = &found.value;
        let default = self.state.audience()?;
        let audience = self.demands.audience.or(default.as_deref());
        let is_right = |audience| audience == ANY_AUDIENCE || session.aud.as_deref() == Some(audience);
        if !audience.is_none_or(is_right) {
            return Err(OTHER_AUDIENCE);
        }
        let selected = self.state.verify_claims.as_deref();
        let token = VerifiedToken::of_session(session, selected).ok_or(ApiError::Unavailable)?;
        self.identity(&token, found.is_stale)
    }

    /// Answers 200 with `X-Auth-Subject` (percent-encoded), `X-Auth-Session`, `X-Auth-Claims` (custom claims as JSON in
    /// ASCII) and `X-Auth-Stale` (1 if Redis is away, and the token may have been revoked meanwhile), else 401 or 403 with a
    /// challenge (RFC 6750 §3). All four headers are always present, so that a proxy that copies them overwrites whatever
    /// the end user sent under these names.
    fn identity(&self, token: &VerifiedToken, is_stale: bool) -> Result<Response, ApiError> {
        self.demands.scope.map_or(Ok(()), |scope| token.check_scope(scope))?;
        self.demands.max_age.map_or(Ok(()), |limit| token.check_age(limit))?;
        let answer = [
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (SUBJECT, token.subject.clone()),
            (SESSION, token.session.clone()),
            (CLAIMS, token.claims.clone()),
            (STALE, HeaderValue::from_static(if is_stale { "1" } else { "0" })),
        ];
        Ok(answer.into_response())
    }
}

/// What a valid token must have besides.
#[derive(Debug, Default, PartialEq, Eq)]
struct Demands<'q> {
    /// An audience, or `*`. The module's if it is not given.
    audience: Option<&'q str>,
    /// Words of the claim `scope`.
    scope: Option<&'q str>,
    /// How long ago the login may be.
    max_age: Option<Duration>,
}

impl<'q> Demands<'q> {
    fn of(query: &'q Form) -> Result<Self, ApiError> {
        let scope = query.get("scope");
        if scope.is_some_and(|scope| !scope.bytes().all(is_of_a_scope)) {
            return Err(ApiError::invalid_request("scope has a character that no scope has"));
        }
        let seconds = query.get("max_age").map(str::parse::<u32>).transpose();
        let seconds = seconds.map_err(|_| ApiError::invalid_request("max_age is not a number of seconds"))?;
        Ok(Self {
            audience: query.get("audience"),
            scope,
            max_age: seconds.map(|seconds| Duration::from_secs(seconds.into())),
        })
    }
}

/// Returns whether a scope may have this character (RFC 6749 §3.3).
fn is_of_a_scope(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
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

    #[test]
    fn demands_are_read_from_the_query() {
        let form = |query| Form::parse(query).expect("a query");
        let all = form("audience=api&scope=read+write&max_age=300&other=1");
        let expected = Demands {
            audience: Some("api"),
            scope: Some("read write"),
            max_age: Some(Duration::from_secs(300)),
        };
        assert_eq!(Demands::of(&all), Ok(expected));
        assert_eq!(Demands::of(&form("audience=&scope=&max_age=")), Ok(Demands::default()));
        for query in [
            "max_age=-1",
            "max_age=5m",
            "max_age=1.5",
            "scope=%22",
            "scope=a%5C",
            "scope=%C3%BC",
            "scope=a%0Ab",
        ] {
            assert!(Demands::of(&form(query)).is_err(), "{query}");
        }
    }
}
