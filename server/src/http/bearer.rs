//! Bearer tokens in the Authorization header (RFC 6750 §2.1). Tokens in bodies and queries are not accepted: a query
//! ends up in logs.

use crate::http::error::ApiError;
use axum::http::{HeaderMap, header};

/// Returns the credentials of the request if its Authorization header has the scheme `wanted`. A repeated header is
/// refused, because the next hop might read the other one.
pub fn credentials<'h>(headers: &'h HeaderMap, wanted: &str) -> Result<Option<&'h str>, ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return match headers.contains_key(header::AUTHORIZATION) {
            true => Err(ApiError::invalid_request("the Authorization header is repeated")),
            false => Ok(None),
        };
    };
    let Ok(value) = value.to_str() else { return Ok(None) };
    let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
    Ok(scheme.eq_ignore_ascii_case(wanted).then(|| credentials.trim_matches(' ')))
}

/// Returns the bearer token of the request.
pub fn token(headers: &HeaderMap) -> Result<&str, ApiError> {
    // A 401, because a forward-auth proxy passes it on, but takes a 400 for its own fault.
    let token =
        credentials(headers, "Bearer").map_err(|_| ApiError::InvalidToken("more than one token was sent"))?;
    token.ok_or(ApiError::MissingToken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        assert_eq!(token(&with(&["bEaReR abc"])), Ok("abc"));
    }

    #[test]
    fn other_schemes_are_not_credentials() {
        assert_eq!(token(&with(&[])), Err(ApiError::MissingToken));
        assert_eq!(token(&with(&["Basic abc"])), Err(ApiError::MissingToken));
        assert_eq!(token(&with(&["Bearerabc"])), Err(ApiError::MissingToken));
    }

    #[test]
    fn two_headers_are_refused() {
        assert!(matches!(token(&with(&["Bearer a", "Bearer b"])), Err(ApiError::InvalidToken(_))));
    }
}
