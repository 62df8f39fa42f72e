//! Texts that are no valid access token, or no valid refresh token.

use serde_json::{Value as Json, json};

use crate::support::{
    Key, jwt,
    tokens::{base64, claims, header},
};

/// Returns what is refused as an access token, given a valid one and a refresh token.
pub fn access_tokens(valid: &str, refresh: &str) -> Vec<String> {
    let mut all: Vec<String> = PLAIN.iter().map(|&text| text.to_owned()).collect();
    all.extend(payloads().iter().map(|payload| with_payload(valid, payload)));
    all.extend(
        subjects().into_iter().map(|sub| with_payload(valid, json!({ "sub": sub }).to_string().as_bytes())),
    );
    all.extend([with_payload(valid, br#"{"sub":"\ud800"}"#), with_payload(valid, &vec![b'['; 5000])]);
    all.extend([
        unsigned(valid),
        of_another_ring(valid),
        changed(valid),
        format!("{valid}x"),
        "a".repeat(9000),
    ]);
    all.push(refresh.to_owned());
    all
}

/// Returns what is refused as a refresh token, given a valid one.
pub fn refresh_tokens(valid: &str) -> Vec<String> {
    let mut all: Vec<String> = PLAIN[1..].iter().map(|&text| text.to_owned()).collect();
    let subjects = subjects().into_iter().filter_map(|sub| sub.as_str().map(str::to_owned));
    all.extend(subjects.map(|sub| with_subject(valid, &sub)));
    all.extend([changed(valid), format!("{valid}x"), with_subject(valid, "43"), "a".repeat(7000)]);
    all
}

const PLAIN: [&str; 12] = [
    "",
    "x",
    ".",
    "..",
    "a.b.c",
    "hp1",
    "hp1.",
    "hp1.....",
    "hp1.a.b.c.0.d",
    "eyJ.%00.x",
    "null",
    "e30.e30.e30",
];

fn payloads() -> [&'static [u8]; 7] {
    [b"", b"{}", b"[]", b"null", b"\"text\"", b"{", b"\xff\xfe"]
}

/// Returns subjects for which there is no key, or another one.
fn subjects() -> Vec<Json> {
    let long = "s".repeat(300);
    let texts =
        ["", ".", "..", "\n", "\r\nFLUSHALL\r\n", "\0", "*", "42 ", "../42", "__proto__", "\u{e9}", &long];
    let others = [json!(42), json!(null), json!(["42"]), json!({"a": 1}), json!(true)];
    texts.iter().map(|text| json!(text)).chain(others).collect()
}

/// Returns a JWT with the same header and signature, and another payload.
fn with_payload(token: &str, payload: &[u8]) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    format!("{}.{}.{}", parts[0], base64(payload), parts[2])
}

/// Returns a refresh token with the same MAC, and another subject.
fn with_subject(token: &str, subject: &str) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[2] = base64(subject);
    parts.join(".")
}

fn unsigned(token: &str) -> String {
    let payload = token.split('.').nth(1).unwrap();
    format!("{}.{payload}.", base64(r#"{"typ":"at+jwt","alg":"none"}"#))
}

/// Returns a token with the same header and claims, signed by somebody else.
fn of_another_ring(token: &str) -> String {
    jwt::sign(&Key::signing("EdDSA", "sig-1"), &header(token), &claims(token))
}

/// Returns the token with its last character but ten changed.
fn changed(token: &str) -> String {
    let (start, end) = token.split_at(token.len() - 10);
    let other = if end.starts_with('A') { 'B' } else { 'A' };
    format!("{start}{other}{}", &end[1..])
}
