//! A token that was found valid, as /verify answers it: read once for each answer of Redis, and kept with it.

use crate::http::claims::{Verified, covers, percent_encoded};
use crate::http::error::ApiError;
use axum::body::Bytes;
use axum::http::HeaderValue;
use hallpass_client::{Inspected, Kept};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The parts of a valid token that answers depend on. The three headers share their text.
pub struct VerifiedToken {
    /// `sub`, percent-encoded.
    pub subject: HeaderValue,
    /// `sid`, percent-encoded.
    pub session: HeaderValue,
    /// The custom claims, or the selected ones, as a JSON object in ASCII.
    pub claims: HeaderValue,
    /// The length of the shared text.
    length: usize,
    /// When the user proved who they are, in Unix seconds.
    auth_time: u64,
    scope: Option<Box<str>>,
}

impl VerifiedToken {
    /// Reads a claims set that AUTH.VERIFY returned. Returns `None` if a claim that the module promises is missing.
    pub fn read(json: &str, selected: Option<&[String]>) -> Option<Self> {
        Self::of(&Verified::read(json)?, selected)
    }

    /// Returns what would be read in a token of this session.
    pub fn of_session(found: &Inspected, selected: Option<&[String]>) -> Option<Self> {
        Self::of(&Verified::of_session(found)?, selected)
    }

    fn of(claims: &Verified<'_>, selected: Option<&[String]>) -> Option<Self> {
        let parts = [
            percent_encoded(&claims.subject),
            percent_encoded(&claims.session),
            claims.custom_claims(selected),
        ];
        let text = Bytes::from(parts.concat());
        let mut start = 0;
        let [subject, session, custom] = parts.map(|part| {
            let end = start + part.len();
            let value = HeaderValue::from_maybe_shared(text.slice(start..end));
            start = end;
            value.ok()
        });
        Some(Self {
            subject: subject?,
            session: session?,
            claims: custom?,
            length: text.len(),
            auth_time: claims.auth_time,
            scope: claims.scope().map(Into::into),
        })
    }

    /// Returns the id of the session that the token belongs to, which needs no escapes.
    pub fn session(&self) -> &str {
        self.session.to_str().unwrap_or_default()
    }

    /// Checks that the token has every word of `scope` (RFC 6750 §3.1).
    pub fn check_scope(&self, scope: &str) -> Result<(), ApiError> {
        if covers(self.scope.as_deref(), scope) {
            return Ok(());
        }
        Err(ApiError::ScopeNeeded(scope.to_owned()))
    }

    /// Checks that the login is not older than `limit` (RFC 9470 §3).
    pub fn check_age(&self, limit: Duration) -> Result<(), ApiError> {
        if age(self.auth_time) > limit { Err(ApiError::OldAuthentication(limit)) } else { Ok(()) }
    }
}

impl Kept for VerifiedToken {
    fn bytes(&self) -> usize {
        // The text, and the counter of its three users.
        const SHARED: usize = 4 * size_of::<usize>();
        size_of::<Self>() + self.length + SHARED + self.scope.as_ref().map_or(0, |scope| scope.len())
    }
}

/// Returns how long ago a time in Unix seconds was, by this machine's clock.
fn age(moment: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::MAX);
    Duration::from_secs(now.as_secs().saturating_sub(moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, selected: Option<&[String]>) -> VerifiedToken {
        VerifiedToken::read(json, selected).expect("readable")
    }

    #[test]
    fn headers_are_made_of_the_claims_that_are_selected() {
        let json = r#"{"sub":"ü","sid":"s","auth_time":1,"iat":1,"tier":"gold","scope":"read"}"#;
        let all = read(json, None);
        let headers = [&all.subject, &all.session, &all.claims].map(|value| value.to_str().expect("ASCII"));
        assert_eq!(headers, ["%C3%BC", "s", r#"{"scope":"read","tier":"gold"}"#]);
        assert_eq!(read(json, Some(&["tier".into()])).claims, r#"{"tier":"gold"}"#);
        assert_eq!(all.session(), "s");
        assert!(VerifiedToken::read("{}", None).is_none());
    }

    #[test]
    fn a_scope_and_a_recent_login_are_asked_for() {
        let token = read(r#"{"sub":"u","sid":"s","auth_time":1,"scope":"read write"}"#, None);
        assert_eq!(token.check_scope("write read"), Ok(()));
        assert_eq!(token.check_scope("admin"), Err(ApiError::ScopeNeeded("admin".into())));
        let hour = Duration::from_secs(3600);
        assert_eq!(token.check_age(hour), Err(ApiError::OldAuthentication(hour)));
        assert_eq!(token.check_age(Duration::MAX), Ok(()));
        let other = read(r#"{"sub":"u","sid":"s","auth_time":99999999999,"scope":["admin"]}"#, None);
        assert_eq!(other.check_age(Duration::ZERO), Ok(()), "a clock that is behind");
        assert!(other.check_scope("admin").is_err(), "a scope is a string");
    }
}
