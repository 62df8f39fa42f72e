//! Parameters in a URL's path, percent-decoded; axum's own refusal in OAuth's words.

use crate::http::error::ApiError;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;

/// What a handler takes to read the path only after it has read the credentials.
pub type InPath<T> = Result<Path<T>, PathRejection>;

/// The parameters: 400 when one is not UTF-8.
pub fn decoded<T>(path: InPath<T>) -> Result<T, ApiError> {
    path.map(|Path(parameters)| parameters)
        .map_err(|_| ApiError::invalid_request("the path is not valid UTF-8"))
}
