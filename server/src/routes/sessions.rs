//! `POST /sessions`: a client with the scope `issue` creates a session for a user that it has authenticated.

use crate::http::claims::Granted;
use crate::http::error::ApiError;
use crate::middleware::bodies::Bodies;
use crate::oauth_clients::{Client, Scope};
use crate::routes::token_response::{TokenResponse, token_response};
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use hallpass_client::{IssueOptions, OnLimit};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::sync::Arc;

/// The request. Unknown members are refused: a misspelt `max_ttl` must not silently become the default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSession {
    subject: String,
    // Passed on as text, so that the module validates exactly what was sent, including duplicate members.
    #[serde(default, deserialize_with = "present")]
    claims: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "present")]
    audience: Option<String>,
    #[serde(default, deserialize_with = "present")]
    class: Option<String>,
    #[serde(default, deserialize_with = "present")]
    meta: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "present")]
    limit: Option<u64>,
    #[serde(default, deserialize_with = "present")]
    on_limit: Option<OnLimitMember>,
    #[serde(default, deserialize_with = "present")]
    session_id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    access_ttl: Option<u64>,
    #[serde(default, deserialize_with = "present")]
    idle_ttl: Option<u64>,
    #[serde(default, deserialize_with = "present")]
    max_ttl: Option<u64>,
    #[serde(default, deserialize_with = "present")]
    shared: Option<u64>,
    #[serde(default)]
    cookie: bool,
}

/// Reads a member that may be left out, but not be null.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(member: D) -> Result<Option<T>, D::Error> {
    T::deserialize(member).map(Some)
}

/// The effect of a `limit` that is reached, as the request names it.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnLimitMember {
    Evict,
    Reject,
}

impl From<OnLimitMember> for OnLimit {
    fn from(member: OnLimitMember) -> Self {
        match member {
            OnLimitMember::Evict => Self::Evict,
            OnLimitMember::Reject => Self::Reject,
        }
    }
}

/// AUTH.ISSUE → 201 with a token response. With `cookie`, the refresh token is only in a Set-Cookie line, which the
/// client passes on to the user's browser. 400 for an invalid request, 401 and 403 for the client, 409 if `limit`
/// rejects or the key holds another type.
pub async fn issue(
    State(state): State<Arc<AppState>>,
    Extension(bodies): Extension<Bodies>,
    request: Request,
) -> Result<Response, ApiError> {
    let client = state.clients.authorize(request.headers(), Scope::Issue)?;
    let (session, _slot) = bodies.json::<NewSession>(request).await?;
    let key = state.key_of_subject(&session.subject)?;
    let default = state.audience()?;
    let options = options(default.as_deref(), &client, &session)?;
    let json = state.store.issue_json(&key, &options).await?;
    if session.session_id.is_some() {
        check_audience(&client, &json)?;
    }
    token_response(StatusCode::CREATED, json, session.cookie.then_some(state.cookies))
}

/// Checks what a repeated session id is answered: the session as first issued, possibly for an audience of another client.
fn check_audience(client: &Client, json: &[u8]) -> Result<(), ApiError> {
    let tokens = TokenResponse::read(json)?;
    let granted = Granted::read(tokens.access_token).ok_or(ApiError::Unavailable)?;
    if client.may_know_of(granted.aud.as_deref()) { Ok(()) } else { Err(foreign_audience()) }
}

/// Returns the command's options, where this audience is the module's.
fn options<'a>(
    default: Option<&'a str>,
    client: &'a Client,
    session: &'a NewSession,
) -> Result<IssueOptions<'a>, ApiError> {
    if session.on_limit.is_some() && session.limit.is_none() {
        return Err(ApiError::invalid_request("on_limit needs limit"));
    }
    Ok(IssueOptions {
        claims: session.claims.as_deref().map(RawValue::get),
        audience: audience(default, client, session)?,
        client: Some(&client.id),
        is_public: !client.confidential,
        class: session.class.as_deref(),
        meta: session.meta.as_deref().map(RawValue::get),
        limit: session.limit,
        on_limit: session.on_limit.map(OnLimit::from),
        session_id: session.session_id.as_deref(),
        access_ttl: session.access_ttl,
        idle_ttl: session.idle_ttl,
        max_ttl: session.max_ttl,
        shared: session.shared,
        auth_time: None,
    })
}

/// Returns the audience to issue for. A client that is limited to audiences always names one to the module, if need be
/// the module's default, so that changing that default later cannot widen the client's rights.
fn audience<'a>(
    default: Option<&'a str>,
    client: &Client,
    session: &'a NewSession,
) -> Result<Option<&'a str>, ApiError> {
    let requested = session.audience.as_deref();
    if client.audiences.is_none() {
        return Ok(requested);
    }
    let effective = requested.or(default);
    effective.filter(|audience| client.may_issue_for(audience)).map(Some).ok_or_else(foreign_audience)
}

fn foreign_audience() -> ApiError {
    ApiError::InsufficientScope("the client may not issue for this audience".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::MAX_BODY_BYTES;
    use crate::middleware::rate_limit::Purpose;
    use crate::testing::{Answer, bodies, request, request_as, shared};
    use axum::body::Body;

    async fn send(request: Request) -> Answer {
        let State(state) = shared();
        let bodies = bodies(&state, Purpose::FailedClient);
        Answer::read(issue(State(state), bodies, request).await).await
    }

    async fn issue_as(client: &str, body: &str) -> Answer {
        let request = request_as(client, "POST", "/sessions").header("content-type", "application/json");
        send(request.body(Body::from(body.to_owned())).expect("valid")).await
    }

    #[tokio::test]
    async fn issuing_needs_a_client_with_the_scope() {
        let post = request("POST", "/sessions").header("content-type", "application/json");
        let answer = send(post.body(Body::from("{}")).expect("valid")).await;
        assert_eq!((answer.status, answer.error()), (StatusCode::UNAUTHORIZED, "invalid_client"));
        assert!(answer.headers["www-authenticate"].to_str().expect("ASCII").starts_with("Basic "));
        let answer = issue_as("reader", r#"{"subject":"u"}"#).await;
        assert_eq!((answer.status, answer.error()), (StatusCode::FORBIDDEN, "insufficient_scope"));
    }

    #[tokio::test]
    async fn a_wrong_request_is_refused() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"subject":""}"#,
            r#"{"subject":"u","unknown":1}"#,
            r#"{"subject":"u","subject":"v"}"#,
            r#"{"subject":"u","max_ttl":-1}"#,
            r#"{"subject":"u","on_limit":"evict"}"#,
            r#"{"subject":"u","limit":1,"on_limit":"EVICT"}"#,
            r#"{"subject":"u","cookie":1}"#,
            r#"{"subject":"u","cookie":null}"#,
            r#"{"subject":"u","class":null}"#,
            r#"{"subject":"u","limit":null}"#,
            r#"{"subject":"u","on_limit":null}"#,
            "{\"subject\":\"\u{1}\"}",
        ] {
            let answer = issue_as("shop", body).await;
            assert_eq!(
                (answer.status, answer.error()),
                (StatusCode::BAD_REQUEST, "invalid_request"),
                "{body}"
            );
        }
        let answer = issue_as("shop", &format!(r#"{{"subject":"{}"}}"#, "u".repeat(MAX_BODY_BYTES))).await;
        assert_eq!((answer.status, answer.error()), (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request"));
    }

    #[tokio::test]
    async fn a_client_issues_for_its_audiences_only() {
        for body in [r#"{"subject":"u"}"#, r#"{"subject":"u","audience":"api"}"#] {
            let answer = issue_as("shop", body).await;
            assert_eq!(
                (answer.status, answer.error()),
                (StatusCode::FORBIDDEN, "insufficient_scope"),
                "{body}"
            );
        }
    }

    #[tokio::test]
    async fn without_redis_it_is_503() {
        let answer = issue_as("shop", r#"{"subject":"u","audience":"shop","cookie":false}"#).await;
        assert_eq!(
            (answer.status, answer.error()),
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
        );
        assert_eq!(answer.headers["retry-after"], "1");
    }
}
