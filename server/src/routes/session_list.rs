//! The response that lists sessions: `{"sessions": […]}`, with the array as AUTH.SESSIONS … FORMAT JSON answers it.

use crate::http::error::ApiError;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The part of an entry that matters here.
#[derive(Deserialize)]
struct Entry<'a> {
    sid: &'a str,
}

/// Returns the response.
pub fn session_list(sessions: &[u8]) -> Response {
    let body = [b"{\"sessions\":", sessions, b"}"].concat();
    ([(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}

/// Returns the response in which each entry also says whether it is the session `own`.
pub fn session_list_of(sessions: &[u8], own: &str) -> Result<Response, ApiError> {
    mark(sessions, own).map(|marked| session_list(marked.as_bytes())).ok_or(ApiError::Unavailable)
}

/// Appends a member `current` to each entry.
fn mark(sessions: &[u8], own: &str) -> Option<String> {
    let entries: Vec<&RawValue> = serde_json::from_slice(sessions).ok()?;
    let marked = |entry: &&RawValue| {
        let text = entry.get();
        let is_current = serde_json::from_str::<Entry<'_>>(text).ok()?.sid == own;
        Some(format!("{},\"current\":{is_current}}}", text.strip_suffix('}')?))
    };
    let marked: Vec<String> = entries.iter().map(marked).collect::<Option<_>>()?;
    Some(format!("[{}]", marked.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_session_is_marked() {
        let sessions = r#"[{"sid":"a","meta":{"x":[1,2]},"gen":0},{"sid":"b","gen":1}]"#;
        let marked =
            r#"[{"sid":"a","meta":{"x":[1,2]},"gen":0,"current":false},{"sid":"b","gen":1,"current":true}]"#;
        assert_eq!(mark(sessions.as_bytes(), "b").as_deref(), Some(marked));
        assert_eq!(mark(b"[]", "b").as_deref(), Some("[]"));
        for something_else in ["", "{}", "[7]", "[{}]"] {
            assert_eq!(mark(something_else.as_bytes(), "b"), None, "{something_else}");
        }
    }
}
