//! The rules of RFC 9112 for the head of a request that hyper leaves to its user: exactly one valid Host, and no
//! transfer encoding but `chunked`. A server that guesses here may disagree with a proxy about where a request ends or
//! which host it is for.

use crate::http::error::ApiError;
use axum::extract::Request;
use axum::http::{HeaderMap, Version, header};

/// Refuses a request whose head is ambiguous: 400 for its Host, 501 for its transfer encoding.
pub fn check(request: &Request) -> Result<(), ApiError> {
    let headers = request.headers();
    if request.version() == Version::HTTP_11 && !has_one_host(headers) {
        return Err(ApiError::invalid_request("exactly one valid Host header is needed"));
    }
    if !is_chunked_or_plain(headers) {
        return Err(ApiError::UnknownTransferEncoding);
    }
    Ok(())
}

/// Returns whether there is exactly one Host, and a valid one (RFC 9112 §3.2).
fn has_one_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    matches!((hosts.next(), hosts.next()), (Some(host), None) if is_host(host.as_bytes()))
}

/// Returns whether this is `uri-host [":" port]` (RFC 9110 §7.2), with a host.
fn is_host(value: &[u8]) -> bool {
    let end = value.iter().rposition(|byte| b":]".contains(byte)).filter(|&index| value[index] == b':');
    let (host, port) = value.split_at(end.unwrap_or(value.len()));
    let is_valid = match host {
        [b'[', inner @ .., b']'] => inner.iter().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(byte)),
        _ => host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(byte)),
    };
    is_valid && !host.is_empty() && port.iter().skip(1).all(u8::is_ascii_digit)
}

/// Returns whether the body's length is clear: not encoded, or `chunked` and nothing else (RFC 9112 §6.1).
fn is_chunked_or_plain(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn checked(version: Version, headers: &[(&'static str, &str)]) -> Result<(), ApiError> {
        let request = Request::builder().version(version);
        let filled = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        check(&filled.body(Body::empty()).expect("valid"))
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for host in
            ["a", "id.example", "id.example:8080", "127.0.0.1", "[::1]", "[::1]:80", "a_b", "a:", "%41"]
        {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "", ":80", "a b", "a/b", "a@b", "a:b", "a:8o", "::1", "[::1", "[::1]x", "[x]", "a,b c",
            "http://a", "a:1:2",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn http_1_1_needs_exactly_one_host() {
        let host = ("host", "a");
        assert_eq!(checked(Version::HTTP_11, &[host]), Ok(()));
        assert_eq!(checked(Version::HTTP_10, &[]), Ok(()));
        for headers in [&[][..], &[host, host], &[("host", "a b")]] {
            assert!(matches!(checked(Version::HTTP_11, headers), Err(ApiError::InvalidRequest(_))));
        }
    }

    #[test]
    fn chunked_alone_is_understood() {
        let host = ("host", "a");
        let te = |value| ("transfer-encoding", value);
        assert_eq!(checked(Version::HTTP_11, &[host, te("Chunked")]), Ok(()));
        for headers in
            [&[te("gzip, chunked")][..], &[te("chunked"), te("chunked")], &[te("identity")], &[te("")]]
        {
            let answer = checked(Version::HTTP_11, &[&[host], headers].concat());
            assert_eq!(answer, Err(ApiError::UnknownTransferEncoding), "{headers:?}");
        }
    }
}
