//! `/verify` and `/verify/…`, any method: forward authentication for nginx, Caddy, Traefik and Envoy. The proxy asks
//! here before it forwards a request, and copies the response's headers into it.

use crate::http::bearer;
use crate::http::claims::{Verified, percent_encoded};
use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Uri, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const SUBJECT: HeaderName = HeaderName::from_static("x-auth-subject");
const SESSION: HeaderName = HeaderName::from_static("x-auth-session");
const CLAIMS: HeaderName = HeaderName::from_static("x-auth-claims");

/// Answers `/verify?audience=…`. The query comes from the proxy's configuration, so it may choose the audience, or `*`
/// for any.
pub async fn verify(
    State(state): State<Arc<AppState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = Form::parse(uri.query().unwrap_or_default())?;
    check(&state, &headers, query.get("audience")).await
}

/// Answers `/verify/…`. Path and query are those of the request at the proxy, which Envoy appends. The query comes from
/// the end user and is ignored: `?audience=*` there would open every service to tokens meant for another.
pub async fn verify_path(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    check(&state, &headers, None).await
}

/// Verifies the token by AUTH.VERIFY: 200 with `X-Auth-Subject` (percent-encoded), `X-Auth-Session` and `X-Auth-Claims`
/// (custom claims as JSON in ASCII), else 401 with a challenge (RFC 6750 §3). All three headers are always present, so
/// that a proxy that copies them overwrites whatever the end user sent under these names.
async fn check(state: &AppState, headers: &HeaderMap, audience: Option<&str>) -> Result<Response, ApiError> {
    let token = bearer::token(headers)?;
    let key = state.key_of_token(token)?.ok_or(ApiError::InvalidToken("the token is invalid"))?;
    let json = state.store.verify(&key, token, audience).await?;
    let claims = Verified::read(&json).ok_or(ApiError::Unavailable)?;
    let answer = [
        (SUBJECT, percent_encoded(&claims.subject)),
        (SESSION, percent_encoded(&claims.session)),
        (CLAIMS, claims.custom_claims(state.verify_claims.as_deref())),
    ];
    Ok(([(header::CACHE_CONTROL, "no-store")], answer).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer, shared};
    use axum::http::{HeaderValue, StatusCode};

    #[tokio::test]
    async fn a_bearer_token_is_asked_for_and_judged() {
        let answer =
            Answer::read(verify(shared(), Uri::from_static("/verify"), HeaderMap::new()).await).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        let bad = HeaderValue::from_static("Bearer nonsense");
        let answer = verify_path(shared(), HeaderMap::from_iter([(header::AUTHORIZATION, bad)])).await;
        let answer = Answer::read(answer).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(
            answer.headers["www-authenticate"].to_str().expect("ASCII").contains("error=\"invalid_token\"")
        );
    }
}
