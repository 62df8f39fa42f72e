//! A small HTTP client: every status is an answer, redirects are not followed, and every call has a time limit.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value as Json;
use ureq::http;

/// Longer than the server's own limits.
const TIMEOUT: Duration = Duration::from_secs(30);

/// An answer of a server.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    pub status: u16,
    headers: http::HeaderMap,
    pub text: String,
}

impl HttpAnswer {
    /// Returns a header's value; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str().expect("ASCII"));
        value.unwrap_or_default()
    }

    /// Returns the values of all headers of this name.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("ASCII")).collect()
    }

    /// Returns the cookie that it sets, which it does at most once.
    #[track_caller]
    pub fn set_cookie(&self) -> Option<String> {
        let lines = self.headers("set-cookie");
        assert!(lines.len() <= 1, "{self:?}");
        lines.first().map(|line| line.split(';').next().expect("a pair").to_owned())
    }

    /// Returns whether there is such a header.
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// Returns the body as JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        let parsed = serde_json::from_str(&self.text);
        parsed.unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns a string member of a JSON body.
    #[track_caller]
    pub fn text_of(&self, member: &str) -> String {
        let json = self.json();
        json[member].as_str().unwrap_or_else(|| panic!("no {member}: {json}")).to_owned()
    }

    /// Status and OAuth error code, of an answer that must be a well-formed error.
    #[track_caller]
    pub fn error(&self) -> (u16, String) {
        assert!(self.status >= 400, "{self:?}");
        assert!(self.header("content-type").starts_with("application/json"), "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        let description = self.text_of("error_description");
        let plain = |letter: char| matches!(letter, ' '..='~') && letter != '"' && letter != '\\';
        assert!(description.chars().all(plain), "RFC 6749 §5.2: {description}");
        (self.status, self.text_of("error"))
    }
}

/// A request to be filled and sent.
pub struct HttpRequest {
    builder: http::request::Builder,
    body: Vec<u8>,
}

impl HttpRequest {
    /// Creates a request with any method and URL.
    pub fn new(method: &str, url: &str) -> Self {
        let builder = http::Request::builder().method(method).uri(url);
        Self { builder, body: vec![] }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// Adds HTTP Basic credentials.
    pub fn basic(self, id: &str, secret: &str) -> Self {
        let credentials = STANDARD.encode(format!("{id}:{secret}"));
        self.header("authorization", &format!("Basic {credentials}"))
    }

    /// Adds a bearer token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Adds a JSON body.
    pub fn json(self, body: &Json) -> Self {
        self.typed("application/json", body.to_string())
    }

    /// Adds a form body of pairs, which are escaped here.
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let encoded: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        self.typed("application/x-www-form-urlencoded", encoded.join("&"))
    }

    /// Adds a body of any type.
    pub fn typed(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    /// Sends it.
    #[track_caller]
    pub fn send(self) -> HttpAnswer {
        self.try_send().expect("an answer")
    }

    /// Sends it to a server that may not be there.
    pub fn try_send(self) -> Result<HttpAnswer, ureq::Error> {
        self.try_send_through(&agent())
    }

    /// Sends it over a connection that `agent` has, or a new one.
    pub fn try_send_through(self, agent: &ureq::Agent) -> Result<HttpAnswer, ureq::Error> {
        let request = self.builder.body(self.body).expect("a request");
        let response = agent.run(request)?;
        let (parts, mut body) = response.into_parts();
        Ok(HttpAnswer { status: parts.status.as_u16(), headers: parts.headers, text: body.read_to_string()? })
    }
}

/// Creates an agent, which keeps connections for further requests.
pub fn agent() -> ureq::Agent {
    ureq::config::Config::builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(0)
        .timeout_global(Some(TIMEOUT))
        .build()
        .into()
}

/// Percent-encodes everything but unreserved characters.
pub fn escaped(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if safe(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
