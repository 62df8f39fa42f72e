//! The response that lists sessions: `{"sessions": […]}`, with members named as in AUTH.SESSIONS, and `meta` and
//! `claims` as objects rather than text.

use crate::http::error::ApiError;
use axum::Json;
use axum::response::{IntoResponse, Response};
use hallpass_client::Session;
use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
struct Body {
    sessions: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    sid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<Box<RawValue>>,
    issued_at: u64,
    last_used_at: u64,
    expires_at: u64,
    ends_at: u64,
    r#gen: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<bool>,
}

/// Returns the response. If `own` names the session of the caller, each entry says whether it is that one.
pub fn session_list(sessions: Vec<Session>, own: Option<&str>) -> Result<Response, ApiError> {
    let entries = sessions.into_iter().map(|session| entry(session, own));
    // The module stores both texts as JSON.
    let sessions = entries.collect::<Option<_>>().ok_or(ApiError::Unavailable)?;
    Ok(Json(Body { sessions }).into_response())
}

fn entry(session: Session, own: Option<&str>) -> Option<Entry> {
    Some(Entry {
        current: own.map(|own| own == session.sid),
        sid: session.sid,
        class: session.class,
        client: session.client,
        meta: session.meta.map(RawValue::from_string).transpose().ok()?,
        claims: session.claims.map(RawValue::from_string).transpose().ok()?,
        issued_at: session.issued_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
        ends_at: session.ends_at,
        r#gen: session.generation,
    })
}
