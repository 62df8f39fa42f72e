//! Cookie mode, for browsers: the refresh token travels in a cookie that scripts cannot read, and never in a body.
//!
//! A call that uses the cookie must have the header `X-Hallpass`. A form on another site cannot add it, and a script
//! there can do so only if CORS allows it.

use crate::http::error::ApiError;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use clap::ValueEnum;

/// The header of calls that use the cookie, with any value.
const MARK: &str = "x-hallpass";
/// The value of [`MARK`] with which a missing cookie is no error. A form cannot send it either, so that no other site
/// learns whether somebody is logged in.
const OPTIONAL: &str = "optional";

/// Stands for a value that is not text, and is as little a token.
const NO_TOKEN: &str = "not text";

/// The name and attributes of the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieMode {
    /// Whether it is `hallpass` without `Secure`, for development on the loopback without TLS. Else it is
    /// `__Host-hallpass`: https only, and no other host of the domain can set it.
    pub is_dev: bool,
    /// Its attribute `SameSite`.
    pub same_site: SameSite,
}

/// With which requests from other sites a browser sends the cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SameSite {
    /// None.
    #[default]
    Strict,
    /// Those of links that the user follows.
    Lax,
}

/// The cookie of a request to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented<'a> {
    /// There is none.
    Nothing,
    /// The refresh token in it.
    Token(&'a str),
    /// There is more than one, and nobody can tell which is the browser's own.
    Several,
}

impl CookieMode {
    fn name(self) -> &'static str {
        if self.is_dev { "hallpass" } else { "__Host-hallpass" }
    }

    /// Returns the cookie of a request that a gateway asks about. No script has added a header to it. The cookies of others
    /// beside it may be anything.
    pub fn presented(self, headers: &HeaderMap) -> Presented<'_> {
        let lines = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
        let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
        let mut values =
            pairs.filter_map(|pair| pair.strip_prefix(self.name().as_bytes())?.strip_prefix(b"="));
        match (values.next(), values.next()) {
            (None | Some(b""), None) => Presented::Nothing,
            (Some(token), None) => Presented::Token(str::from_utf8(token).unwrap_or(NO_TOKEN)),
            (_, Some(_)) => Presented::Several,
        }
    }

    /// Returns the token that the request names, or else its cookie's. Neither is an `invalid_request`, with `missing` as the
    /// description, unless the caller says that there may be no cookie: a page that does not know if somebody is logged in.
    pub fn token<'a>(
        self,
        named: Option<&'a str>,
        headers: &'a HeaderMap,
        missing: &'static str,
    ) -> Result<Option<&'a str>, ApiError> {
        let found = if named.is_some() { named } else { self.refresh_token(headers)? };
        let is_optional = headers.get(MARK).is_some_and(|value| value == OPTIONAL);
        if found.is_none() && !is_optional { Err(ApiError::invalid_request(missing)) } else { Ok(found) }
    }

    /// Returns the refresh token of the request's cookie, if there is one. A repeated cookie, or a missing `X-Hallpass`
    /// header, is an `invalid_request`.
    fn refresh_token(self, headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
        match self.presented(headers) {
            Presented::Nothing => Ok(None),
            Presented::Several => Err(ApiError::invalid_request("the cookie is repeated")),
            Presented::Token(token) => self.marked(headers).map(|_| Some(token)),
        }
    }

    /// Returns the mode if the request has the `X-Hallpass` header, else an `invalid_request`.
    pub fn marked(self, headers: &HeaderMap) -> Result<Self, ApiError> {
        let missing = || ApiError::invalid_request("a call by cookie needs the header X-Hallpass");
        headers.contains_key(MARK).then_some(self).ok_or_else(missing)
    }

    /// Sets the cookie to this refresh token, for as long as the token lives.
    pub fn set(self, response: &mut Response, refresh_token: &str, lifetime: u64) {
        self.append(response, refresh_token, lifetime);
    }

    /// Deletes the cookie.
    pub fn clear(self, response: &mut Response) {
        self.append(response, "", 0);
    }

    fn append(self, response: &mut Response, value: &str, max_age: u64) {
        let secure = if self.is_dev { "" } else { "; Secure" };
        let (name, same_site) = (self.name(), self.same_site.name());
        let line =
            format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly{secure}; SameSite={same_site}");
        // A refresh token is printable ASCII, so this is always a valid header.
        if let Ok(mut line) = HeaderValue::try_from(line) {
            line.set_sensitive(true);
            response.headers_mut().append(header::SET_COOKIE, line);
        }
    }
}

impl SameSite {
    fn name(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECURE: CookieMode = CookieMode { is_dev: false, same_site: SameSite::Strict };
    const DEV: CookieMode = CookieMode { is_dev: true, same_site: SameSite::Strict };

    fn request(cookies: &[&str], marked: bool) -> HeaderMap {
        let lines = cookies
            .iter()
            .map(|line| (header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).expect("valid")));
        let mut headers: HeaderMap = lines.collect();
        if marked {
            headers.insert(MARK, HeaderValue::from_static(""));
        }
        headers
    }

    fn read(mode: CookieMode, cookies: &[&str], marked: bool) -> Result<Option<String>, ApiError> {
        mode.refresh_token(&request(cookies, marked)).map(|token| token.map(str::to_owned))
    }

    fn line(set: impl FnOnce(&mut Response)) -> String {
        let mut response = Response::default();
        set(&mut response);
        response.headers()[header::SET_COOKIE].to_str().expect("ASCII").to_owned()
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let lines = ["a=1; __Host-hallpass=hp1.x; b", "c=2"];
        assert_eq!(read(SECURE, &lines, true), Ok(Some("hp1.x".into())));
        assert_eq!(read(DEV, &lines, true), Ok(None));
        assert_eq!(read(DEV, &["x=1", "hallpass=hp1.y"], true), Ok(Some("hp1.y".into())));
    }

    #[test]
    fn other_cookies_may_be_anything() {
        let line = "theme=schön; __Host-hallpass=hp1.x; =; name=\u{1F600}";
        assert_eq!(read(SECURE, &[line], true), Ok(Some("hp1.x".into())));
        assert_eq!(read(SECURE, &["__Host-hallpass=é"], true), Ok(Some("é".into())));
    }

    #[test]
    fn without_the_cookie_nothing_is_asked() {
        for lines in
            [&[][..], &["hallpass=x"], &["__Host-hallpass="], &["__host-hallpass=x"], &["x__Host-hallpass=x"]]
        {
            assert_eq!(read(SECURE, lines, false), Ok(None), "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_needs_its_header_and_comes_once() {
        let once = ["__Host-hallpass=x"];
        assert!(matches!(read(SECURE, &once, false), Err(ApiError::InvalidRequest(_))));
        for twice in
            [&["__Host-hallpass=x; __Host-hallpass=x"][..], &["__Host-hallpass=x", "__Host-hallpass=y"]]
        {
            assert!(matches!(read(SECURE, twice, true), Err(ApiError::InvalidRequest(_))));
        }
    }

    #[test]
    fn the_line_guards_the_cookie() {
        assert_eq!(
            line(|response| SECURE.set(response, "hp1.x", 60)),
            "__Host-hallpass=hp1.x; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Strict"
        );
        assert_eq!(
            line(|response| DEV.clear(response)),
            "hallpass=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        );
        let lax = CookieMode { same_site: SameSite::Lax, ..SECURE };
        assert!(line(|response| lax.clear(response)).ends_with("; Secure; SameSite=Lax"));
    }
}
