//! Cross-origin requests of browsers (the CORS protocol of the Fetch standard). Off unless `--allowed-origin` names
//! origins; those may then call the routes for browsers, with credentials. Every response of these routes has the
//! headers, including refusals by other middleware, because a script could not read it otherwise.

use super::policy::Policy;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static("X-Hallpass, Authorization, Content-Type");
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After, WWW-Authenticate, X-Request-Id");
const TRUE: HeaderValue = HeaderValue::from_static("true");
/// How long a browser may cache a preflight response, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The allowed origins.
#[derive(Debug, Default)]
pub struct Cors(Vec<HeaderValue>);

impl Cors {
    /// Allows these origins, each as returned by [`parse_origin`].
    pub fn new(origins: &[String]) -> Self {
        Self(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect())
    }

    /// Returns whether scripts of this origin are allowed.
    pub fn allows(&self, origin: &HeaderValue) -> bool {
        self.0.contains(origin)
    }

    /// Returns the request's origin if it is allowed.
    fn allowed(&self, headers: &HeaderMap) -> Option<&HeaderValue> {
        let mut values = headers.get_all(header::ORIGIN).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        self.0.iter().find(|origin| *origin == value)
    }
}

/// The CORS headers of one response.
pub struct CorsHeaders {
    /// Whether the response depends on the origin.
    varies: bool,
    /// The request's origin if it is allowed.
    origin: Option<HeaderValue>,
    is_preflight: bool,
}

impl CorsHeaders {
    /// Reads the CORS headers of a request.
    pub fn of(cors: &Cors, policy: &Policy, request: &Request) -> Self {
        let varies = policy.is_for_browsers && !cors.0.is_empty();
        let origin = if varies { cors.allowed(request.headers()).cloned() } else { None };
        let is_preflight = origin.is_some() && is_preflight(request);
        Self { varies, origin, is_preflight }
    }

    /// Returns the response to a preflight request of an allowed origin, which no route handles.
    pub fn preflight(&self) -> Option<Response> {
        self.is_preflight.then(preflight)
    }

    /// Adds the headers that let an allowed origin read the response.
    pub fn add_to(self, response: &mut Response) {
        if !self.varies {
            return;
        }
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

fn is_preflight(request: &Request) -> bool {
    let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    asks && request.method() == Method::OPTIONS
}

fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Parses a value of `--allowed-origin`: an origin exactly as browsers send it, so that comparing bytes is enough.
pub fn parse_origin(text: &str) -> Result<String, String> {
    let problem = "not an origin as browsers send it, like https://app.example.com or http://localhost:3000: \
                   lower case, no path, no default port, no wildcard";
    if is_origin(text) { Ok(text.to_owned()) } else { Err(problem.to_owned()) }
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let default_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let plain = !rest.contains(['*', '@']) && !rest.ends_with(':') && text == text.to_ascii_lowercase();
    let authority = text.parse::<Uri>().ok().and_then(|uri| uri.into_parts().authority);
    // With a path, a query or a fragment, the authority would be shorter than `rest`.
    plain && authority.is_some_and(|it| it == rest && it.port_u16() != Some(default_port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_would_send() {
        for text in [
            "https://app.example.com",
            "http://localhost:3000",
            "https://[2001:db8::1]:8443",
            "http://10.0.0.1",
        ] {
            assert_eq!(parse_origin(text).as_deref(), Ok(text));
        }
        for text in [
            "*",
            "null",
            "",
            "app.example.com",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://app.example.com?x",
            "https://App.example.com",
            "https://user@app.example.com",
            "https://*.example.com",
            "https://app.example.com:443",
            "http://app.example.com:80",
            "https://app.example.com:",
            "ftp://app.example.com",
            "https://a https://b",
        ] {
            assert!(parse_origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn origins_are_compared_whole_and_there_is_one() {
        let cors = Cors::new(&["https://a.example".into(), "https://b.example".into()]);
        let with = |origins: &[&'static str]| {
            origins
                .iter()
                .map(|origin| (header::ORIGIN, HeaderValue::from_static(origin)))
                .collect::<HeaderMap>()
        };
        assert!(cors.allowed(&with(&["https://b.example"])).is_some());
        for origins in [
            &[][..],
            &["https://c.example"],
            &["https://b.example.evil"],
            &["https://b.exampl"],
            &["null"],
            &["https://a.example", "https://a.example"],
        ] {
            assert!(cors.allowed(&with(origins)).is_none(), "{origins:?}");
        }
    }
}
