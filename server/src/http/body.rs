//! Request bodies, up to a size limit. Refusals are OAuth errors.

use crate::http::error::ApiError;
use crate::http::form::Form;
use axum::body::{Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use hallpass_admin::json;
use serde::de::DeserializeOwned;

/// The size limit: claims, meta and two tokens fit.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// Parses the body as JSON. Fails with 415 for another content type, and with 400 for malformed JSON.
pub async fn from_json<T: DeserializeOwned>(request: Request) -> Result<T, ApiError> {
    if !has_type(request.headers(), "application/json") {
        return Err(ApiError::UnsupportedMediaType("the Content-Type must be application/json"));
    }
    let bytes = read(request).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ApiError::invalid_request(format!("the body: {}", json::problem(&error))))
}

/// Parses the body as form parameters; a missing body is an empty form. Another content type is an `invalid_request`,
/// because RFC 6749 does not define 415.
pub async fn from_form(headers: &HeaderMap, request: Request) -> Result<Form, ApiError> {
    if request.body().is_end_stream() {
        return Form::parse("");
    }
    if !has_type(headers, "application/x-www-form-urlencoded") {
        return Err(ApiError::invalid_request("the Content-Type must be application/x-www-form-urlencoded"));
    }
    let bytes = read(request).await?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| ApiError::invalid_request("the body is not valid UTF-8"))?;
    Form::parse(text)
}

/// Returns whether the Content-Type is `wanted`, ignoring its parameters.
fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(wanted)
}

/// Reads the whole body, within the limit.
async fn read(mut request: Request) -> Result<Bytes, ApiError> {
    DefaultBodyLimit::max(MAX_BODY_BYTES).apply(&mut request);
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::PayloadTooLarge,
        _ => ApiError::invalid_request("the body did not arrive"),
    })
}
