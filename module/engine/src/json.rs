//! Claims and metadata: JSON objects from a caller, validated and serialised again.
//!
//! A text is never stored or signed as it was received. It is parsed, checked and serialised again, so that two readers
//! of a token cannot disagree about its contents (RFC 8725 §2.4: duplicate members, odd encodings).

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// Objects and arrays nest at most this deep; the outermost object counts as one.
pub const MAX_DEPTH: usize = 16;

/// Session metadata is at most this long.
pub const META_MAX_BYTES: usize = 1024;

/// Claims with a meaning in Hallpass or in a standard; a caller may not set them.
pub const RESERVED_CLAIMS: [&str; 19] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "gen",
    "cv",
    "auth_time",
    "client_id",
    "cnf",
    "act",
    "active",
    "token_type",
    "token_use",
    "db",
    "der",
];

/// The reason for which a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON (RFC 8259), not UTF-8, or a number of 2⁶⁴ or more, which few readers could hold.
    Malformed,
    /// JSON, but not an object.
    NotAnObject,
    /// A member name occurs twice in one object, compared after decoding.
    DuplicateMember,
    /// A top-level member is one of [`RESERVED_CLAIMS`].
    ReservedClaim,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// Longer than allowed, as received or as serialised again.
    TooLarge,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed JSON",
            Self::NotAnObject => "JSON must be an object",
            Self::DuplicateMember => "duplicate member in JSON",
            Self::ReservedClaim => "reserved claim",
            Self::TooDeep => "JSON is nested too deep",
            Self::TooLarge => "JSON is too large",
        })
    }
}

impl std::error::Error for JsonError {}

/// Validates custom claims of at most `max_bytes` and serialises them again, compactly and in the given order.
pub fn claims(text: &[u8], max_bytes: usize) -> Result<String, JsonError> {
    rewrite(text, max_bytes, &RESERVED_CLAIMS)
}

/// Returns whether stored claims are what [`claims`] writes. Whoever can write to Redis can choose claims, but must not
/// be able to set other members of a token.
pub fn are_written_here(stored: &str) -> bool {
    claims(stored.as_bytes(), usize::MAX).is_ok_and(|rewritten| rewritten == stored)
}

/// Returns the claim `scope` of stored claims, when it is a string.
pub fn scope(claims: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Scoped<'c> {
        #[serde(borrow)]
        scope: Option<Cow<'c, str>>,
    }
    object::<Scoped<'_>>(claims.as_bytes())?.scope
}

/// Returns the same as [`are_written_here`], for metadata.
pub fn is_meta_written_here(stored: &str) -> bool {
    meta(stored.as_bytes(), usize::MAX).is_ok_and(|rewritten| rewritten == stored)
}

/// Validates session metadata, which has no reserved members, and serialises it again.
pub fn meta(text: &[u8], max_bytes: usize) -> Result<String, JsonError> {
    rewrite(text, max_bytes, &[])
}

/// Reads a JSON object, and only an object: serde alone would read a struct from an array of its members, too.
pub(crate) fn object<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Option<T> {
    // Checking the whole text at once is faster than each string.
    let text = std::str::from_utf8(text).ok()?;
    text.trim_ascii_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
}

fn rewrite(text: &[u8], max_bytes: usize, reserved: &[&str]) -> Result<String, JsonError> {
    if text.len() > max_bytes {
        return Err(JsonError::TooLarge);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut refusal = None;
    let node = Node { out: &mut out, refusal: &mut refusal, depth: 1, reserved };
    let mut source = serde_json::Deserializer::from_slice(text);
    let parsed = node.deserialize(&mut source).and_then(|()| source.end());
    match (parsed, refusal) {
        (_, Some(refusal)) => Err(refusal),
        (Err(_), None) => Err(JsonError::Malformed),
        (Ok(()), None) if out.len() > max_bytes => Err(JsonError::TooLarge),
        (Ok(()), None) => String::from_utf8(out).map_err(|_| JsonError::Malformed),
    }
}

/// Passes one JSON value from the parser to the output. `depth` is that of an object or array found here.
struct Node<'a> {
    out: &'a mut Vec<u8>,
    refusal: &'a mut Option<JsonError>,
    depth: usize,
    reserved: &'a [&'a str],
}

impl Node<'_> {
    fn refuse<E: serde::de::Error>(&mut self, why: JsonError) -> E {
        *self.refusal = Some(why);
        E::custom("refused")
    }

    fn child(&mut self) -> Node<'_> {
        Node { out: self.out, refusal: self.refusal, depth: self.depth + 1, reserved: &[] }
    }

    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.depth > MAX_DEPTH { Err(self.refuse(JsonError::TooDeep)) } else { Ok(()) }
    }

    fn scalar<E: serde::de::Error>(mut self, value: impl serde::Serialize) -> Result<(), E> {
        if self.depth == 1 {
            return Err(self.refuse(JsonError::NotAnObject));
        }
        serde_json::to_writer(&mut *self.out, &value).map_err(E::custom)
    }

    fn member_name<E: serde::de::Error>(&mut self, name: &str, first: bool) -> Result<(), E> {
        if self.reserved.contains(&name) {
            return Err(self.refuse(JsonError::ReservedClaim));
        }
        if !first {
            self.out.push(b',');
        }
        serde_json::to_writer(&mut *self.out, name).map_err(E::custom)?;
        self.out.push(b':');
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.enter()?;
        self.out.push(b'{');
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            self.member_name(&name, seen.is_empty())?;
            if !seen.insert(name) {
                return Err(self.refuse(JsonError::DuplicateMember));
            }
            map.next_value_seed(self.child())?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        if self.depth == 1 {
            return Err(self.refuse(JsonError::NotAnObject));
        }
        self.enter()?;
        self.out.push(b'[');
        let start = self.out.len();
        loop {
            let before = self.out.len();
            if before > start {
                self.out.push(b',');
            }
            if seq.next_element_seed(self.child())?.is_none() {
                self.out.truncate(before);
                break;
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.scalar(value)
    }

    /// Refuses integers that do not fit into 64 bits: they arrive here rounded, and another number must not be signed.
    fn visit_f64<E: serde::de::Error>(mut self, value: f64) -> Result<(), E> {
        const LARGEST_EXACT: f64 = 18_446_744_073_709_551_615.0;
        if value.abs() >= LARGEST_EXACT { Err(self.refuse(JsonError::Malformed)) } else { self.scalar(value) }
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.scalar(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewrites_compactly_in_the_given_order() {
        let text =
            br#" { "role" : "admin", "a": [1, -2, 2.5, true, null, {"b": []}], "\u0065": "\u00e9\n" } "#;
        let expected = r#"{"role":"admin","a":[1,-2,2.5,true,null,{"b":[]}],"e":"é\n"}"#;
        assert_eq!(claims(text, 4096).as_deref(), Ok(expected));
        assert_eq!(claims(expected.as_bytes(), 4096).as_deref(), Ok(expected));
        assert_eq!(claims(b"{}", 2).as_deref(), Ok("{}"));
    }

    #[test]
    fn refuses_duplicates_at_any_depth_after_decoding() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":[{"a":1,"a":1}]}"#] {
            assert_eq!(claims(text.as_bytes(), 99), Err(JsonError::DuplicateMember), "{text}");
        }
    }

    #[test]
    fn refuses_reserved_claims_at_the_top_level_only() {
        for name in RESERVED_CLAIMS {
            let text = format!(r#"{{"{name}":1}}"#);
            assert_eq!(claims(text.as_bytes(), 99), Err(JsonError::ReservedClaim), "{name}");
            assert_eq!(meta(text.as_bytes(), 99), Ok(text));
        }
        assert_eq!(claims(br#"{"\u0073ub":1}"#, 99), Err(JsonError::ReservedClaim));
        assert!(claims(br#"{"x":{"sub":1}}"#, 99).is_ok());
    }

    #[test]
    fn refuses_what_is_not_one_json_object() {
        for text in ["[]", "1", "\"x\"", "null", "true", "1.5", "-1"] {
            assert_eq!(claims(text.as_bytes(), 99), Err(JsonError::NotAnObject), "{text}");
        }
        for text in [
            "",
            "{",
            "{}x",
            "{}{}",
            "{'a':1}",
            "{\"a\":1e999}",
            "{\"a\":18446744073709551616}",
            "{\"a\":NaN}",
            "{\"a\":\"\\ud800\"}",
        ] {
            assert_eq!(claims(text.as_bytes(), 99), Err(JsonError::Malformed), "{text}");
        }
        assert_eq!(claims(b"{\"a\":\"\xff\"}", 99), Err(JsonError::Malformed));
    }

    #[test]
    fn bounds_depth_and_size() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(claims(nested(16).as_bytes(), 99).is_ok());
        assert_eq!(claims(nested(17).as_bytes(), 99), Err(JsonError::TooDeep));
        assert_eq!(claims(nested(5_000).as_bytes(), 99_999), Err(JsonError::TooDeep));
        assert_eq!(claims(br#"{"a":1}"#, 6), Err(JsonError::TooLarge));
        assert_eq!(claims(br#"{"a":1e9}"#, 9), Err(JsonError::TooLarge), "grows when written anew");
    }
}
