//! Somebody who is logged in at a web example.

use serde_json::json;

use crate::{
    rig::Rig,
    support::http::{HttpAnswer, HttpRequest},
};

/// What a browser, or another caller, keeps of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The access token.
    pub access: String,
    /// The cookie with the refresh token, `name=value`.
    pub cookie: String,
    /// The session id.
    pub session: String,
}

impl Holder {
    /// Logs in with the demonstration password.
    #[track_caller]
    pub fn login(rig: &Rig, name: &str) -> Self {
        let answer = try_login(rig, name, "demo");
        assert_eq!(answer.status, 200, "{answer:?}");
        Self::of(&answer)
    }

    /// Reads a token response.
    #[track_caller]
    pub fn of(answer: &HttpAnswer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
        assert!(answer.json().get("refresh_token").is_none(), "a script can read it: {answer:?}");
        let cookie = cookie(answer).unwrap_or_else(|| panic!("no cookie: {answer:?}"));
        Self { access: answer.text_of("access_token"), cookie, session: answer.text_of("session_id") }
    }

    /// Calls the protected route.
    pub fn hello(&self, rig: &Rig) -> HttpAnswer {
        hello(rig, &self.access)
    }

    /// Asserts that the protected route answers, and with this status.
    #[track_caller]
    pub fn is_answered(&self, rig: &Rig, status: u16) {
        let answer = self.hello(rig);
        assert_eq!(answer.status, status, "{answer:?}");
    }

    /// Sends a refresh.
    pub fn try_refresh(&self, rig: &Rig) -> HttpAnswer {
        with_cookie(rig.request("POST", "/token"), &self.cookie).header("X-Hallpass", "1").send()
    }

    /// Refreshes, and returns what the caller holds then.
    #[track_caller]
    pub fn refreshed(&self, rig: &Rig) -> Self {
        Self::of(&self.try_refresh(rig))
    }
}

/// Adds the cookie, and the form of a refresh.
pub fn with_cookie(request: HttpRequest, cookie: &str) -> HttpRequest {
    request.header("Cookie", cookie).form(&[("grant_type", "refresh_token")])
}

/// Sends a login.
pub fn try_login(rig: &Rig, name: &str, password: &str) -> HttpAnswer {
    rig.request("POST", "/login").json(&json!({"name": name, "password": password})).send()
}

/// Calls the protected route with any text as access token.
pub fn hello(rig: &Rig, access: &str) -> HttpAnswer {
    rig.request("GET", "/api/hello").bearer(access).send()
}

/// Returns the cookie `name=value` that an answer sets.
pub fn cookie(answer: &HttpAnswer) -> Option<String> {
    let line = answer.header("set-cookie");
    assert!(
        line.is_empty() || ["HttpOnly", "SameSite=Strict"].iter().all(|part| has_part(line, part)),
        "{line}"
    );
    let pair = line.split(';').next()?;
    (!pair.is_empty()).then(|| pair.to_owned())
}

/// Returns whether a `Set-Cookie` line has this attribute, in any case.
pub fn has_part(line: &str, part: &str) -> bool {
    line.split("; ").any(|found| found.eq_ignore_ascii_case(part))
}

/// Asserts that an answer says that the login has ended, and removes the cookie.
#[track_caller]
pub fn is_logged_out(answer: &HttpAnswer) {
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.text_of("error"), "invalid_grant", "{answer:?}");
    assert!(has_part(answer.header("set-cookie"), "Max-Age=0"), "{answer:?}");
}
