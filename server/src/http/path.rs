//! Parameters in URLs: percent-decoded parts of the path, with axum's own refusal as an OAuth error, and session ids.

use crate::http::error::ApiError;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use hallpass_engine::sid;

/// The parameters as an extractor that does not fail, so that a handler can check the credentials first.
pub type InPath<T> = Result<Path<T>, PathRejection>;

/// Returns the text if a session may be asked for by it, or 400. A UUID of another version is no session's, but unknown.
pub fn session_id(text: &str) -> Result<&str, ApiError> {
    let is_uuid = sid::is_uuid(text.as_bytes());
    is_uuid.then_some(text).ok_or_else(|| ApiError::invalid_request("sid: a UUID in its canonical form"))
}

/// Returns the parameters, or 400 if one of them is not UTF-8.
pub fn decoded<T>(path: InPath<T>) -> Result<T, ApiError> {
    path.map(|Path(parameters)| parameters)
        .map_err(|_| ApiError::invalid_request("the path is not valid UTF-8"))
}
