//! The form of an outside token: a JWT in compact serialization (RFC 7515 §3.1, RFC 7519 §7.2).
//!
//! It is read strictly, since the issuer may read it with another parser: duplicate members at any depth and too deep
//! nesting are refused, in the header too. What a header says about keys (`jku`, `jwk`, `x5c`, …) is ignored.

use crate::refusal::Refusal;
use hallpass_engine::{base64url, json};
use serde_json::{Map, Value};

/// The size limit, that of every token in Hallpass.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// A token that has been read, and not yet verified.
#[derive(Debug)]
pub struct OutsideToken<'t> {
    /// The header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
    /// `header.payload`, exactly as received: what is signed.
    pub signed: &'t str,
    /// The signature in base64url.
    pub signature: &'t str,
}

impl<'t> OutsideToken<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// [`Refusal::TooLong`] and [`Refusal::Malformed`].
    pub fn read(token: &'t str) -> Result<Self, Refusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::Malformed)?;
        let (header, claims) = (object(header), object(payload));
        Ok(Self {
            header: header.ok_or(Refusal::Malformed)?,
            claims: claims.ok_or(Refusal::Malformed)?,
            signed,
            signature,
        })
    }

    /// Returns a member of the header if it is a string.
    pub fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    /// Returns a claim if it is a string.
    pub fn claim_text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }
}

/// Decodes a JSON object without duplicate members.
fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = base64url::decode(part)?;
    let text = json::meta(&bytes, MAX_TOKEN_BYTES).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.c2ln", base64url::encode(header), base64url::encode(claims))
    }

    #[test]
    fn what_was_signed_is_kept_as_received() {
        let text = token(r#" {"alg":"RS256"}"#, r#"{"iss" : "a"}"#);
        let token = OutsideToken::read(&text).expect("a token");
        assert_eq!(format!("{}.{}", token.signed, token.signature), text);
        assert_eq!((token.header_text("alg"), token.claim_text("iss")), (Some("RS256"), Some("a")));
        assert_eq!((token.header_text("kid"), token.claim_text("sub")), (None, None));
    }

    #[test]
    fn other_forms_are_refused() {
        let good = token(r#"{"alg":"RS256"}"#, "{}");
        let nested = format!(r#"{{"a":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
        for text in [
            String::new(),
            "a.b".into(),
            "..".into(),
            format!("{good}.x"),
            format!("x.{good}"),
            format!("{good}.x.y"),
            good.replacen('.', "=.", 1),
            good.replacen('.', "+.", 1),
            format!(" {good}"),
            token("[]", "{}"),
            token("{}", "[]"),
            token("{}", "\"eyJhbGciOiJSUzI1NiJ9.e30.c2ln\""),
            token("{}", &good),
            token(r#"{"alg":"RS256","alg":"none"}"#, "{}"),
            token("{}", r#"{"sub":"a","sub":"b"}"#),
            token("{}", r#"{"sub":"a","s\u0075b":"b"}"#),
            token("{}", r#"{"x":{"a":1,"a":2}}"#),
            token("{}", &nested),
            token("{}", "{\"a\":\"\u{1}\"}"),
            token("{}", "{} {}"),
        ] {
            assert_eq!(OutsideToken::read(&text).err(), Some(Refusal::Malformed), "{text}");
        }
    }

    #[test]
    fn a_long_token_is_refused_before_it_is_read() {
        assert_eq!(OutsideToken::read(&"a".repeat(MAX_TOKEN_BYTES + 1)).err(), Some(Refusal::TooLong));
        let claims = format!(r#"{{"a":"{}"}}"#, "x".repeat(5_000));
        assert!(OutsideToken::read(&token("{}", &claims)).is_ok());
    }
}
