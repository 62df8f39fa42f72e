//! The check against other sites (CSRF) for requests by cookie that a gateway asks about: whether the page that made the
//! request may do so. Browsers tell where a request comes from (Fetch Metadata, Origin); the gateway tells what it is.

use crate::http::error::ApiError;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// The headers in which gateways name the method of the request that waits.
static METHODS: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-method"), HeaderName::from_static("x-original-method")];
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
/// The methods that change nothing (RFC 9110 §9.2.1), but for TRACE, which browsers do not send.
const SAFE: [&[u8]; 3] = [b"GET", b"HEAD", b"OPTIONS"];

/// A request that waits at a gateway.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'h> {
    /// The headers with which the gateway asks: the request's, and its own.
    pub headers: &'h HeaderMap,
    /// Whether a trusted proxy asks, so that what is forwarded counts.
    pub is_proxied: bool,
    /// The method with which the gateway asks, if that is the request's own.
    pub method: Option<&'h Method>,
}

impl Waiting<'_> {
    /// Refuses a request that another site may have made and that may change something: 403.
    pub fn check_site(&self, is_allowed: impl Fn(&HeaderValue) -> bool) -> Result<(), ApiError> {
        if self.is_safe() {
            return Ok(());
        }
        let has_own_origin =
            || self.single(&header::ORIGIN).is_some_and(|it| self.is_own(it) || is_allowed(it));
        let is_right = match self.headers.get_all(&FETCH_SITE).iter().count() {
            0 => has_own_origin(),
            1 => match self.headers[&FETCH_SITE].as_bytes() {
                b"same-origin" | b"none" => true,
                b"same-site" => has_own_origin(),
                _ => false,
            },
            _ => false,
        };
        if is_right { Ok(()) } else { Err(ApiError::CrossSite) }
    }

    /// Returns whether the user goes to a page, so that the browser waits for this one request and keeps its cookie.
    pub fn is_navigation(&self) -> bool {
        let is_get = self.methods().all(|method| method == b"GET") && self.methods().next().is_some();
        let is_prefetch = self.headers.contains_key(&PURPOSE);
        is_get && !is_prefetch && self.headers.get(&FETCH_MODE).is_none_or(|mode| mode == "navigate")
    }

    /// Returns whether the request changes nothing, as far as anybody says what it is.
    fn is_safe(&self) -> bool {
        let is_handshake = self.headers.contains_key(header::SEC_WEBSOCKET_KEY);
        !is_handshake
            && self.methods().next().is_some()
            && self.methods().all(|method| SAFE.contains(&method))
    }

    /// Returns every method that the request is said to have.
    fn methods(&self) -> impl Iterator<Item = &[u8]> {
        let forwarded =
            METHODS.iter().flat_map(|name| self.headers.get_all(name)).filter(|_| self.is_proxied);
        forwarded.map(HeaderValue::as_bytes).chain(self.method.map(|method| method.as_str().as_bytes()))
    }

    /// Returns whether this is the origin of the page's own site, as a trusted proxy forwards it.
    fn is_own(&self, origin: &HeaderValue) -> bool {
        let forwarded = |name| self.single(name).filter(|_| self.is_proxied).and_then(|it| it.to_str().ok());
        let (Some(scheme), Some(host)) = (forwarded(&FORWARDED_PROTO), forwarded(&FORWARDED_HOST)) else {
            return false;
        };
        let own = format!("{scheme}://{}", without_default_port(scheme, host));
        !host.is_empty() && own.as_bytes().eq_ignore_ascii_case(origin.as_bytes())
    }

    /// Returns a header that is there once.
    fn single(&self, name: &HeaderName) -> Option<&HeaderValue> {
        let mut values = self.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())
    }
}

/// Returns the host as an origin names it (RFC 6454 §6.2).
fn without_default_port<'h>(scheme: &str, host: &'h str) -> &'h str {
    let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    host.strip_suffix(port).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'static str, &'static str)];

    const GET: (&str, &str) = ("x-forwarded-method", "GET");
    const POST: (&str, &str) = ("x-forwarded-method", "POST");
    const OWN: [(&str, &str); 2] = [("x-forwarded-proto", "https"), ("x-forwarded-host", "app.example")];

    fn headers(pairs: Pairs<'_>) -> HeaderMap {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(header).collect()
    }

    /// Whether a request with these headers, asked about by a trusted proxy, gets through.
    fn passes(pairs: Pairs<'_>) -> bool {
        let headers = headers(&[pairs, &OWN].concat());
        let waiting = Waiting { headers: &headers, is_proxied: true, method: None };
        waiting.check_site(|origin| origin == "https://other.example").is_ok()
    }

    #[test]
    fn what_changes_nothing_may_come_from_anywhere() {
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert!(passes(&[("x-forwarded-method", method), ("sec-fetch-site", "cross-site")]), "{method}");
            assert!(passes(&[("x-original-method", method)]), "{method}");
        }
        for pairs in [
            &[][..],
            &[POST],
            &[("x-forwarded-method", "get")],
            &[("x-forwarded-method", "GET, POST")],
            &[GET, POST],
            &[GET, ("x-original-method", "POST")],
            &[GET, ("sec-websocket-key", "x")],
        ] {
            assert!(!passes(pairs), "{pairs:?}");
        }
    }

    #[test]
    fn an_origin_leaves_out_the_default_port() {
        let passes = |scheme: &'static str, host: &'static str, origin: &'static str| {
            let pairs = [POST, ("x-forwarded-proto", scheme), ("x-forwarded-host", host), ("origin", origin)];
            let waiting = Waiting { headers: &headers(&pairs), is_proxied: true, method: None };
            waiting.check_site(|_| false).is_ok()
        };
        assert!(passes("https", "app.example:443", "https://app.example"));
        assert!(passes("http", "app.example:80", "http://app.example"));
        assert!(passes("https", "app.example:8443", "https://app.example:8443"));
        assert!(!passes("https", "app.example:80", "https://app.example"));
        assert!(!passes("http", "app.example:443", "http://app.example"));
    }

    #[test]
    fn what_changes_something_comes_from_the_own_site() {
        let site = |value| ("sec-fetch-site", value);
        let origin = |value| ("origin", value);
        for pairs in [
            &[site("same-origin")][..],
            &[site("none")],
            &[site("same-site"), origin("https://app.example")],
            &[site("same-site"), origin("https://other.example")],
            &[origin("https://app.example")],
            &[origin("https://other.example")],
            &[("sec-websocket-key", "x"), origin("https://app.example")],
        ] {
            assert!(passes(&[&[POST], pairs].concat()), "{pairs:?}");
        }
        for pairs in [
            &[][..],
            &[site("cross-site")],
            &[site("cross-site"), origin("https://app.example")],
            &[site("same-site")],
            &[site("same-site"), origin("https://sibling.example")],
            &[site("same-site"), origin("null")],
            &[site("same-origin"), site("cross-site")],
            &[site("SAME-ORIGIN")],
            &[site("")],
            &[origin("null")],
            &[origin("http://app.example")],
            &[origin("https://app.example:8443")],
            &[origin("https://app.example"), origin("https://app.example")],
        ] {
            assert!(!passes(&[&[POST], pairs].concat()), "{pairs:?}");
        }
    }

    #[test]
    fn what_no_trusted_proxy_forwards_counts_for_nothing() {
        let headers = headers(&[&[GET, ("origin", "https://app.example")], &OWN[..]].concat());
        let waiting = Waiting { headers: &headers, is_proxied: false, method: None };
        assert_eq!(waiting.check_site(|_| false), Err(ApiError::CrossSite));
        assert!(waiting.check_site(|_| true).is_ok(), "an allowed origin is one whoever asks");
        assert!(!waiting.is_navigation());
    }

    #[test]
    fn the_own_method_counts_where_the_gateway_asks_with_it() {
        for (method, pairs, is_safe) in [
            (Method::GET, &[][..], true),
            (Method::GET, &[GET], true),
            (Method::GET, &[POST], false),
            (Method::POST, &[], false),
            (Method::POST, &[GET], false),
        ] {
            let headers = headers(pairs);
            let waiting = Waiting { headers: &headers, is_proxied: true, method: Some(&method) };
            assert_eq!(waiting.check_site(|_| false).is_ok(), is_safe, "{method} {pairs:?}");
        }
    }

    #[test]
    fn a_navigation_is_a_get_that_the_user_waits_for() {
        let is_navigation = |pairs: Pairs<'_>| {
            let headers = headers(pairs);
            Waiting { headers: &headers, is_proxied: true, method: None }.is_navigation()
        };
        assert!(is_navigation(&[GET]) && is_navigation(&[GET, ("sec-fetch-mode", "navigate")]));
        for pairs in [
            &[][..],
            &[POST],
            &[("x-forwarded-method", "HEAD")],
            &[GET, ("sec-fetch-mode", "no-cors")],
            &[GET, ("sec-fetch-mode", "cors")],
            &[GET, ("sec-purpose", "prefetch")],
        ] {
            assert!(!is_navigation(pairs), "{pairs:?}");
        }
    }
}
