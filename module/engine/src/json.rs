//! Claims and metadata: JSON objects from a caller, validated and serialised again.
//!
//! A text is never stored or signed as it was received. It is parsed, checked and serialised again, so that two readers
//! of a token cannot disagree about its contents (RFC 8725 §2.4: duplicate members, odd encodings). Only numbers keep their
//! text, because another spelling could be another number.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
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

/// The prefix of member names that `serde_json` uses for itself: that library reads a member with such a name as something
/// else.
const PRIVATE_PREFIX: &str = "$serde_json::private::";

/// The reason for which a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON (RFC 8259), or not UTF-8.
    Malformed,
    /// JSON, but not an object.
    NotAnObject,
    /// A member name occurs twice in one object, compared after decoding.
    DuplicateMember,
    /// A top-level member is one of [`RESERVED_CLAIMS`], or a member at any depth has a name that a JSON library keeps to
    /// itself.
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
    let text = std::str::from_utf8(text).map_err(|_| JsonError::Malformed)?;
    let value: &RawValue = parse(text)?;
    if !value.get().starts_with('{') {
        return Err(JsonError::NotAnObject);
    }
    let mut out = Vec::with_capacity(text.len());
    write_object(&mut out, value.get(), 1, reserved)?;
    if out.len() > max_bytes {
        return Err(JsonError::TooLarge);
    }
    String::from_utf8(out).map_err(|_| JsonError::Malformed)
}

fn parse<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, JsonError> {
    serde_json::from_str(text).map_err(|_| JsonError::Malformed)
}

/// Writes one JSON value. `depth` is that of an object or array found here.
fn write_value(out: &mut Vec<u8>, value: &RawValue, depth: usize) -> Result<(), JsonError> {
    let text = value.get();
    match text.as_bytes() {
        [b'{', ..] => write_object(out, text, depth, &[]),
        [b'[', ..] => write_array(out, text, depth),
        [b'"', ..] => parse::<Cow<'_, str>>(text).map(|text| write_text(out, &text)),
        // A literal, or a number. The text of a number stays, since a number that few readers could hold must not become
        // another one here.
        _ => {
            out.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
}

fn write_object(out: &mut Vec<u8>, text: &str, depth: usize, reserved: &[&str]) -> Result<(), JsonError> {
    enter(depth)?;
    let Members(members) = parse(text)?;
    let mut seen = HashSet::with_capacity(members.len());
    out.push(b'{');
    for (index, (name, value)) in members.iter().enumerate() {
        if reserved.contains(&&**name) || name.starts_with(PRIVATE_PREFIX) {
            return Err(JsonError::ReservedClaim);
        }
        if !seen.insert(name) {
            return Err(JsonError::DuplicateMember);
        }
        separate(out, index);
        write_text(out, name);
        out.push(b':');
        write_value(out, value, depth + 1)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_array(out: &mut Vec<u8>, text: &str, depth: usize) -> Result<(), JsonError> {
    enter(depth)?;
    let items: Vec<&RawValue> = parse(text)?;
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        separate(out, index);
        write_value(out, item, depth + 1)?;
    }
    out.push(b']');
    Ok(())
}

fn enter(depth: usize) -> Result<(), JsonError> {
    if depth > MAX_DEPTH { Err(JsonError::TooDeep) } else { Ok(()) }
}

fn separate(out: &mut Vec<u8>, index: usize) {
    if index > 0 {
        out.push(b',');
    }
}

/// Writes a string with the escapes that it needs.
fn write_text(out: &mut Vec<u8>, text: &str) {
    // Writing a string to a Vec cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// The members of an object in their order, duplicates included.
struct Members<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'t> Deserialize<'t> for Members<'t> {
    fn deserialize<D: Deserializer<'t>>(source: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'t> Visitor<'t> for Collect {
            type Value = Members<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Members<'t>, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<Name<'t>>()? {
                    members.push((name.0, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        source.deserialize_map(Collect)
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'t>(#[serde(borrow)] Cow<'t, str>);

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
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":+1}",
            "{\"a\":1 2}",
            "{\"a\":NaN}",
            "{\"a\":\"\\ud800\"}",
        ] {
            assert_eq!(claims(text.as_bytes(), 99), Err(JsonError::Malformed), "{text}");
        }
        assert_eq!(claims(b"{\"a\":\"\xff\"}", 99), Err(JsonError::Malformed));
    }

    /// The numbers of JSONTestSuite's files that every parser must take (`y_number…`), and some that parsers change.
    const NUMBERS: [&str; 38] = [
        "123e65",
        "0e+1",
        "0e1",
        "4",
        "-0.000000000000000000000000000000000000000000000000000000000000000000000000000001",
        "20e1",
        "-0",
        "-123",
        "-1",
        "1E22",
        "1E-2",
        "1E+2",
        "123e45",
        "123.456e78",
        "1e-2",
        "1e+2",
        "123",
        "123.456789",
        "0",
        "-0.0",
        "0.0",
        "1.0",
        "1e999",
        "-1e999",
        "1e-400",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "-18446744073709551616",
        "123456789012345678901234567890",
        "-123456789012345678901234567890",
        "0.1e1",
        "100000000000000000000000000000.0000000000000000000001",
        "3.141592653589793238462643383279",
        "1e00",
        "1E400",
    ];

    #[test]
    fn no_number_becomes_another_one() {
        for number in NUMBERS {
            for text in [format!(r#"{{"a":{number}}}"#), format!(r#"{{"a":[{number},{{"b":{number}}}]}}"#)] {
                assert_eq!(claims(text.as_bytes(), 999).as_ref(), Ok(&text));
                assert_eq!(meta(text.as_bytes(), 999).as_ref(), Ok(&text));
                assert!(are_written_here(&text));
                let spaced = text.replace(':', " :\t ").replace(',', "\n, ");
                assert_eq!(claims(spaced.as_bytes(), 999).as_ref(), Ok(&text));
            }
        }
    }

    #[test]
    fn refuses_names_that_a_json_library_keeps_to_itself_at_any_depth() {
        for name in ["RawValue", "Number", "", "anything"] {
            for text in [
                format!(r#"{{"$serde_json::private::{name}":"{{\"role\":\"admin\"}}"}}"#),
                format!(r#"{{"x":{{"$serde_json::private::{name}":"1"}}}}"#),
                format!(r#"{{"x":[[{{"\u0024serde_json::private::{name}":"not json"}}]]}}"#),
            ] {
                assert_eq!(claims(text.as_bytes(), 999), Err(JsonError::ReservedClaim), "{text}");
                assert_eq!(meta(text.as_bytes(), 999), Err(JsonError::ReservedClaim), "{text}");
                assert!(!are_written_here(&text));
            }
        }
        assert!(claims(br#"{"$serde_json":1,"x":"$serde_json::private::RawValue"}"#, 99).is_ok());
    }

    #[test]
    fn the_scope_is_a_text_whatever_stands_beside_it() {
        let of = |text: &'static str| scope(text);
        assert_eq!(of(r#"{"scope":"a b"}"#).as_deref(), Some("a b"));
        assert_eq!(of(r#"{"a":1e400,"scope":"\u0061","z":{"x":[-0]}}"#).as_deref(), Some("a"));
        for text in
            [r#"{"scope":["a"]}"#, r#"{"scope":null}"#, r#"{"x":{"scope":"a"}}"#, r#"["a"]"#, "{", "{}"]
        {
            assert_eq!(scope(text), None, "{text}");
        }
    }

    #[test]
    fn bounds_depth_and_size() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(claims(nested(16).as_bytes(), 99).is_ok());
        assert_eq!(claims(nested(17).as_bytes(), 99), Err(JsonError::TooDeep));
        assert_eq!(claims(nested(5_000).as_bytes(), 99_999), Err(JsonError::TooDeep));
        assert_eq!(claims(br#"{"a":1}"#, 6), Err(JsonError::TooLarge));
    }
}
