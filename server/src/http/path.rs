//! Percent-decoded parameters of a URL's path, with axum's own refusal as an OAuth error.

use crate::http::error::ApiError;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;

/// The parameters as an extractor that does not fail, so that a handler can check the credentials first.
pub type InPath<T> = Result<Path<T>, PathRejection>;

/// Returns the parameters, or 400 if one of them is not UTF-8.
pub fn decoded<T>(path: InPath<T>) -> Result<T, ApiError> {
    path.map(|Path(parameters)| parameters)
        .map_err(|_| ApiError::invalid_request("the path is not valid UTF-8"))
}
