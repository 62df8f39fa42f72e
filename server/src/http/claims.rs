//! Reads claims out of access tokens and claims sets. Nothing here decides whether a token is valid.

use hallpass_client::Inspected;
use hallpass_engine::base64url;
use hallpass_engine::json::RESERVED_CLAIMS;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// The claim of a new access token that its response depends on.
#[derive(Debug, Default, serde::Deserialize, PartialEq, Eq)]
pub struct Granted {
    /// `aud`.
    #[serde(default, deserialize_with = "string_or_nothing")]
    pub aud: Option<String>,
}

impl Granted {
    /// Reads the payload of a token that Redis has just signed, so its signature is not checked again.
    pub fn read(access_token: &str) -> Option<Self> {
        let payload = access_token.split('.').nth(1)?;
        let json = String::from_utf8(base64url::decode(payload)?).ok()?;
        serde_json::from_str(&json).ok()
    }
}

/// Returns whether every word of `requested` is a word of the scope that was granted.
pub fn covers(granted: Option<&str>, requested: &str) -> bool {
    let has = |word| granted.is_some_and(|granted| granted.split(' ').any(|granted| granted == word));
    requested.split(' ').filter(|word| !word.is_empty()).all(has)
}

/// Reads a claim that only matters as a string; an application may use its name for something else.
fn string_or_nothing<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(|value| serde_json::from_str(value.get()).ok())
}

/// A claims set that AUTH.VERIFY returned.
pub struct Verified<'j> {
    /// `sub`.
    pub subject: String,
    /// `sid`.
    pub session: String,
    /// `auth_time`: when the session was issued, in Unix seconds.
    pub auth_time: u64,
    /// The custom claims, each as the JSON text that was signed.
    custom: BTreeMap<String, &'j RawValue>,
}

impl<'j> Verified<'j> {
    /// Parses the claims set. Returns `None` if a claim that the module promises is missing.
    pub fn read(json: &'j str) -> Option<Self> {
        let members: Members<'j> = serde_json::from_str(json).ok()?;
        let Members { subject, session, auth_time, custom } = members;
        Some(Self { subject: subject?, session: session?, auth_time: auth_time?, custom })
    }

    /// Returns what a token of this session would say. `claims` are the session's, a JSON object as text.
    pub fn of_session(found: &'j Inspected) -> Option<Self> {
        let members: Members<'j> = serde_json::from_str(found.claims.as_deref().unwrap_or("{}")).ok()?;
        Some(Self {
            subject: found.sub.clone(),
            session: found.sid.clone(),
            auth_time: found.auth_time?,
            custom: members.custom,
        })
    }

    /// Returns the claim `scope`, if it is a string.
    pub fn scope(&self) -> Option<String> {
        serde_json::from_str(self.custom.get("scope")?.get()).ok()
    }

    /// Returns the custom claims, or the selected ones, as a JSON object in ASCII.
    pub fn custom_claims(&self, selected: Option<&[String]>) -> String {
        let is_selected = |name: &String| selected.is_none_or(|names| names.contains(name));
        let chosen: BTreeMap<_, _> = self.custom.iter().filter(|(name, _)| is_selected(name)).collect();
        ascii_json(&serde_json::to_string(&chosen).unwrap_or_else(|_| "{}".into()))
    }
}

/// A claims set while it is being parsed.
#[derive(Default)]
struct Members<'j> {
    subject: Option<String>,
    session: Option<String>,
    auth_time: Option<u64>,
    custom: BTreeMap<String, &'j RawValue>,
}

/// A member's name, borrowed from the text unless it has escapes.
#[derive(serde::Deserialize)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

impl<'j> Deserialize<'j> for Members<'j> {
    fn deserialize<D: Deserializer<'j>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_map(Members::default())
    }
}

impl<'j> Visitor<'j> for Members<'j> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a claims set")
    }

    fn visit_map<A: MapAccess<'j>>(mut self, mut members: A) -> Result<Self, A::Error> {
        while let Some(Name(name)) = members.next_key()? {
            match &*name {
                "sub" => self.subject = Some(members.next_value()?),
                "sid" => self.session = Some(members.next_value()?),
                "auth_time" => self.auth_time = Some(members.next_value()?),
                name if RESERVED_CLAIMS.contains(&name) => drop(members.next_value::<IgnoredAny>()?),
                _ => drop(self.custom.insert(name.into_owned(), members.next_value()?)),
            }
        }
        Ok(self)
    }
}

/// Replaces everything outside ASCII, and DEL, by `\u` escapes, which are safe in a header. Such characters occur only
/// inside strings, where an escape means the same.
fn ascii_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, ' '..='~') {
            text.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

/// The ASCII characters that are percent-encoded in a header.
const HEADER: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// Percent-encodes everything outside 0x21–0x7E, and `%` itself.
pub fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, HEADER).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_covered_word_by_word() {
        let some = Some("read write");
        assert!(covers(some, "read") && covers(some, "write read") && covers(some, ""));
        assert!(!covers(some, "read admin") && !covers(some, "rea"));
        assert!(covers(None, "") && !covers(None, "read"));
    }

    #[test]
    fn an_audience_is_read_from_a_token() {
        let aud = |claims: &str| {
            Granted::read(&format!("e30.{}.sig", base64url::encode(claims))).expect("claims").aud
        };
        assert_eq!(
            (aud(r#"{"aud":"api"}"#).as_deref(), aud(r#"{"aud":7}"#), aud("{}")),
            (Some("api"), None, None)
        );
        assert_eq!(aud(r#"{"aud":1e400}"#), None, "a number that nothing here can hold");
    }

    #[test]
    fn custom_claims_are_what_is_not_reserved_exactly_as_signed() {
        let json = r#"{"sub":"u","sid":"s","auth_time":1,"iat":1,"token_use":"x","big":123456789012345678901234567890,"tier":"gold"}"#;
        let claims = Verified::read(json).expect("readable");
        assert_eq!((claims.subject.as_str(), claims.session.as_str(), claims.auth_time), ("u", "s", 1));
        assert_eq!(claims.custom_claims(None), r#"{"big":123456789012345678901234567890,"tier":"gold"}"#);
        assert_eq!(claims.custom_claims(Some(&["tier".into(), "other".into()])), r#"{"tier":"gold"}"#);
        assert_eq!(claims.custom_claims(Some(&[])), "{}");
    }

    #[test]
    fn header_values_are_ascii() {
        assert_eq!(ascii_json("{\"a\":\"ü😀\u{7f}\"}"), r#"{"a":"\u00fc\ud83d\ude00\u007f"}"#);
        assert_eq!(percent_encoded("a b%ü\u{7f}~!"), "a%20b%25%C3%BC%7F~!");
    }

    #[test]
    fn something_else_is_not_a_claims_set() {
        for json in ["", "[]", "{}", r#"{"sub":1,"sid":"s","auth_time":1}"#] {
            assert!(Verified::read(json).is_none(), "{json}");
        }
    }
}
