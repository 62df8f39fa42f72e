//! The claims set as JSON, in a fixed order, because a retry must give the same bytes.

use super::Claims;

/// The bytes that names, quotes, commas, session id, token id and numbers of usual length need besides the claims'
/// texts.
const FIXED_BYTES: usize = 240;

/// Estimates the length of the claims set; escapes may make it longer.
pub(super) fn length_of(claims: &Claims<'_>) -> usize {
    let texts = [claims.iss, claims.aud, Some(claims.sub), claims.client_id, claims.custom];
    FIXED_BYTES + texts.into_iter().flatten().map(str::len).sum::<usize>()
}

/// Appends the claims set.
pub(super) fn write(out: &mut Vec<u8>, claims: &Claims<'_>) {
    let mut members = Members { out, separator: b'{' };
    for (name, value) in [("iss", claims.iss), ("aud", claims.aud), ("sub", Some(claims.sub))] {
        if let Some(value) = value {
            members.text(name, value);
        }
    }
    members.ascii("sid", claims.login.sid.as_hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()));
    members.number("gen", claims.generation);
    members.number("cv", claims.claims_version);
    members.number("auth_time", claims.auth_time);
    members.number("iat", claims.iat);
    members.number("exp", claims.exp);
    members.token_id(claims);
    if claims.database > 0 {
        members.number("db", claims.database.into());
    }
    if let Some(client) = claims.client_id {
        members.text("client_id", client);
    }
    members.custom(claims.custom);
    out.push(b'}');
}

struct Members<'o> {
    out: &'o mut Vec<u8>,
    /// The byte before the next member: `{` or `,`.
    separator: u8,
}

impl Members<'_> {
    fn name(&mut self, name: &str) {
        self.out.extend_from_slice(&[self.separator, b'"']);
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.separator = b',';
    }

    /// Appends a text that may need escapes.
    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        // Writing a string to a Vec cannot fail.
        let _ = serde_json::to_writer(&mut *self.out, value);
    }

    /// Appends a text that needs no escapes.
    fn ascii(&mut self, name: &str, value: &str) {
        self.name(name);
        self.out.push(b'"');
        self.out.extend_from_slice(value.as_bytes());
        self.out.push(b'"');
    }

    fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    /// Appends `jti`: unique per login, generation and minting second, and the same for a retry.
    fn token_id(&mut self, claims: &Claims<'_>) {
        self.name("jti");
        self.out.push(b'"');
        claims.login.encode_onto(self.out);
        for number in [claims.generation, claims.iat] {
            self.out.push(b'.');
            self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        self.out.push(b'"');
    }

    /// Appends the members of an object that [`crate::json::claims`] wrote.
    fn custom(&mut self, object: Option<&str>) {
        let members = object.and_then(|object| object.strip_prefix('{')?.strip_suffix('}'));
        if let Some(members) = members.filter(|members| !members.is_empty()) {
            self.out.push(self.separator);
            self.out.extend_from_slice(members.as_bytes());
        }
    }
}
