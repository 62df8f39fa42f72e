//! Cookie mode, for browsers: the refresh token travels in a cookie that scripts cannot read, and never in a body.
//!
//! A call that uses the cookie must have the header `X-Hallpass`. A form on another site cannot add it, and a script
//! there can do so only if CORS allows it.

use crate::http::error::ApiError;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

/// The header of calls that use the cookie, with any value.
const MARK: &str = "x-hallpass";
/// The value of [`MARK`] with which a missing cookie is no error. A form cannot send it either, so that no other site
/// learns whether somebody is logged in.
const OPTIONAL: &str = "optional";

/// The name and attributes of the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieMode {
    /// `__Host-hallpass`: https only, and no other host of the domain can set it.
    Secure,
    /// `hallpass` without `Secure`, for development on the loopback without TLS.
    Dev,
}

impl CookieMode {
    /// Returns the mode that `--dev-cookie` selects.
    pub fn new(dev: bool) -> Self {
        if dev { Self::Dev } else { Self::Secure }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-hallpass",
            Self::Dev => "hallpass",
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
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(name, _)| *name == self.name()).map(|(_, value)| value);
        let Some(value) = values.next().filter(|value| !value.is_empty()) else { return Ok(None) };
        if values.next().is_some() {
            return Err(ApiError::invalid_request("the cookie is repeated"));
        }
        self.marked(headers)?;
        Ok(Some(value))
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
        let secure = if self == Self::Secure { "; Secure" } else { "" };
        let name = self.name();
        let line = format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly{secure}; SameSite=Strict");
        // A refresh token is printable ASCII, so this is always a valid header.
        if let Ok(mut line) = HeaderValue::try_from(line) {
            line.set_sensitive(true);
            response.headers_mut().append(header::SET_COOKIE, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(cookies: &[&'static str], marked: bool) -> HeaderMap {
        let lines = cookies.iter().map(|line| (header::COOKIE, HeaderValue::from_static(line)));
        let mut headers: HeaderMap = lines.collect();
        if marked {
            headers.insert(MARK, HeaderValue::from_static(""));
        }
        headers
    }

    fn read(mode: CookieMode, cookies: &[&'static str], marked: bool) -> Result<Option<String>, ApiError> {
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
        assert_eq!(read(CookieMode::Secure, &lines, true), Ok(Some("hp1.x".into())));
        assert_eq!(read(CookieMode::Dev, &lines, true), Ok(None));
        assert_eq!(read(CookieMode::Dev, &["x=1", "hallpass=hp1.y"], true), Ok(Some("hp1.y".into())));
    }

    #[test]
    fn without_the_cookie_nothing_is_asked() {
        for lines in
            [&[][..], &["hallpass=x"], &["__Host-hallpass="], &["__host-hallpass=x"], &["x__Host-hallpass=x"]]
        {
            assert_eq!(read(CookieMode::Secure, lines, false), Ok(None), "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_needs_its_header_and_comes_once() {
        let once = ["__Host-hallpass=x"];
        assert!(matches!(read(CookieMode::Secure, &once, false), Err(ApiError::InvalidRequest(_))));
        for twice in
            [&["__Host-hallpass=x; __Host-hallpass=x"][..], &["__Host-hallpass=x", "__Host-hallpass=y"]]
        {
            assert!(matches!(read(CookieMode::Secure, twice, true), Err(ApiError::InvalidRequest(_))));
        }
    }

    #[test]
    fn the_line_guards_the_cookie() {
        assert_eq!(
            line(|response| CookieMode::Secure.set(response, "hp1.x", 60)),
            "__Host-hallpass=hp1.x; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Strict"
        );
        assert_eq!(
            line(|response| CookieMode::Dev.clear(response)),
            "hallpass=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        );
    }
}
