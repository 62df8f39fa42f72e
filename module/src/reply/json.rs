//! Replies as JSON texts.

use super::Value;
use crate::tokens::builder::TokenReply;
use serde_json::to_writer;

/// Returns the text of a reply.
pub fn text(value: &Value) -> String {
    let mut out = Vec::with_capacity(512);
    write(&mut out, value);
    // Everything that is written is UTF-8: texts are escaped, and stored claims were found to be JSON.
    String::from_utf8(out).unwrap_or_default()
}

/// Writes a value as JSON. Writing to a `Vec` cannot fail.
fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Ok => out.extend_from_slice(b"\"OK\""),
        Value::Text(text) => drop(to_writer(out, text)),
        Value::Number(number) => drop(to_writer(out, number)),
        Value::Bool(value) => drop(to_writer(out, value)),
        Value::Array(items) => list(out, *b"[]", items, write),
        Value::Map(members) => list(out, *b"{}", members, |out, (name, value)| {
            drop(to_writer(&mut *out, name));
            out.push(b':');
            write(out, value);
        }),
        Value::Json(text) => out.extend_from_slice(text.as_bytes()),
        Value::Claims(token) => out.extend_from_slice(token.payload()),
    }
}

/// Writes items between brackets, with commas between them.
fn list<T>(out: &mut Vec<u8>, [open, close]: [u8; 2], items: &[T], each: impl Fn(&mut Vec<u8>, &T)) {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        each(out, item);
    }
    out.push(close);
}

/// Returns the token response of OAuth 2.0 (RFC 6749 §5.1). Only the scope may need escapes.
pub fn token_response(TokenReply { access, members, .. }: &TokenReply) -> Vec<u8> {
    let mut out = Vec::with_capacity(access.text().len() + members.refresh_token.len() + 256);
    out.extend_from_slice(b"{\"access_token\":\"");
    out.extend_from_slice(access.text());
    out.extend_from_slice(b"\",\"token_type\":\"Bearer\",\"expires_in\":");
    drop(to_writer(&mut out, &members.expires_in));
    out.extend_from_slice(b",\"refresh_token\":\"");
    out.extend_from_slice(members.refresh_token.as_bytes());
    out.extend_from_slice(b"\",\"refresh_expires_in\":");
    drop(to_writer(&mut out, &members.refresh_expires_in));
    out.extend_from_slice(b",\"session_id\":");
    drop(to_writer(&mut out, &members.session_id.to_string()));
    if let Some(scope) = &members.scope {
        out.extend_from_slice(b",\"scope\":");
        drop(to_writer(&mut out, scope));
    }
    if let Some(evicted) = &members.evicted {
        out.extend_from_slice(b",\"evicted\":");
        list(&mut out, *b"[]", evicted, |out, sid| drop(to_writer(out, &sid.to_string())));
    }
    out.push(b'}');
    out
}
