//! Hostile arguments to every command: a fixed answer, the session unchanged, the server alive.

use crate::support::{
    target_session::{OPTIONS, TargetSession, hostile_values, is_json_object},
    *,
};

#[test]
fn as_the_key() {
    let mut victim = TargetSession::new();
    let (access, refresh) = (victim.tokens.access.clone(), victim.tokens.refresh.clone());
    for value in hostile_values() {
        victim.attack(&[b"AUTH.ISSUE", &value]);
        victim.attack(&[b"AUTH.REFRESH", &value, refresh.as_bytes()]);
        victim.attack(&[b"AUTH.VERIFY", &value, access.as_bytes()]);
    }
    victim.unharmed();
}

#[test]
fn as_the_token() {
    let mut victim = TargetSession::new();
    let refresh = victim.tokens.refresh.clone();
    for value in hostile_values() {
        victim.attack(&[b"AUTH.REFRESH", b"auth:42", &value]);
        victim.attack(&[b"AUTH.VERIFY", b"auth:42", &value]);
        victim.attack(&[
            b"AUTH.REFRESH",
            b"auth:42",
            refresh.as_bytes(),
            b"CLIENT",
            b"web",
            b"ACCESS",
            &value,
        ]);
    }
    victim.unharmed();
}

#[test]
fn as_part_of_a_token() {
    let mut victim = TargetSession::new();
    let (access, refresh) = (victim.tokens.access.clone(), victim.tokens.refresh.clone());
    let replaced = |token: &str, index: usize, value: &[u8]| {
        let mut parts: Vec<&[u8]> = token.split('.').map(str::as_bytes).collect();
        parts[index] = value;
        parts.join(&b'.')
    };
    for value in hostile_values() {
        for index in 0..6 {
            victim.attack(&[b"AUTH.REFRESH", b"auth:42", &replaced(&refresh, index, &value)]);
        }
        for index in 0..3 {
            victim.attack(&[b"AUTH.VERIFY", b"auth:42", &replaced(&access, index, &value)]);
            let encoded = tokens::base64(&value).into_bytes();
            victim.attack(&[b"AUTH.VERIFY", b"auth:42", &replaced(&access, index, &encoded)]);
        }
    }
    victim.unharmed();
}

#[test]
fn as_an_option_and_as_its_value() {
    let mut victim = TargetSession::new();
    let (access, refresh) = (victim.tokens.access.clone(), victim.tokens.refresh.clone());
    for value in hostile_values() {
        victim.attack(&[b"AUTH.ISSUE", b"auth:43", &value]);
        victim.attack(&[b"AUTH.ISSUE", b"auth:43", &value, &value]);
        victim.attack(&[b"AUTH.ISSUE", b"auth:43", b"LIMIT", b"1", &value]);
        victim.attack(&[b"AUTH.ISSUE", b"auth:43", b"CLIENT", b"web", &value]);
        victim.attack(&[b"AUTH.ISSUE", b"auth:43", b"CLIENT", b"web", b"PUBLIC", &value]);
        victim.attack(&[b"AUTH.REFRESH", b"auth:42", refresh.as_bytes(), b"FORMAT", &value]);
        victim.attack(&[b"AUTH.REFRESH", b"auth:42", refresh.as_bytes(), &value]);
        victim.attack(&[b"AUTH.REFRESH", b"auth:42", refresh.as_bytes(), &value, &value]);
        victim.attack(&[b"AUTH.VERIFY", b"auth:42", access.as_bytes(), &value]);
        victim.attack(&[b"AUTH.JWKS", &value]);
        for option in OPTIONS.map(str::as_bytes) {
            if !acceptable(option, &value) {
                victim.attack(&[b"AUTH.ISSUE", b"auth:43", option, &value]);
                victim.attack(&[b"AUTH.ISSUE", b"auth:43", option, &value, option, &value]);
            }
        }
        if !acceptable(b"AUDIENCE", &value) || value != b"*" {
            victim.attack(&[b"AUTH.VERIFY", b"auth:42", access.as_bytes(), b"AUDIENCE", &value]);
        }
        for option in [&b"CLIENT"[..], b"META"] {
            if !acceptable(option, &value) {
                victim.attack(&[b"AUTH.REFRESH", b"auth:42", refresh.as_bytes(), option, &value]);
            }
        }
    }
    victim.unharmed();
}

/// Returns whether `value` only looks hostile, and is valid for `option`.
fn acceptable(option: &[u8], value: &[u8]) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(byte);
    match option {
        b"AUDIENCE" => {
            (1..=255).contains(&value.len()) && value.iter().all(|byte| (0x20..0x7f).contains(byte))
        }
        b"CLIENT" | b"CLASS" => (1..=64).contains(&value.len()) && value.iter().all(word),
        b"CLAIMS" | b"META" => is_json_object(value),
        _ => false,
    }
}

#[test]
fn as_the_number_of_arguments() {
    let mut victim = TargetSession::new();
    let (access, refresh) = (victim.tokens.access.clone(), victim.tokens.refresh.clone());
    for name in ["AUTH.ISSUE", "AUTH.REFRESH", "AUTH.VERIFY"] {
        victim.attack(&[name.as_bytes()]);
    }
    victim.attack(&[b"AUTH.REFRESH", b"auth:42"]);
    victim.attack(&[b"AUTH.VERIFY", b"auth:42"]);
    victim.attack(&[b"AUTH.JWKS", b"x"]);
    let many = vec![&b"CLASS"[..]; 100_000];
    for start in [
        &[&b"AUTH.ISSUE"[..], b"auth:42"][..],
        &[b"AUTH.REFRESH", b"auth:42", refresh.as_bytes()],
        &[b"AUTH.VERIFY", b"auth:42", access.as_bytes()],
        &[b"AUTH.JWKS"],
    ] {
        victim.attack(&[start, &many].concat());
    }
    victim.unharmed();
}

#[test]
fn subjects_with_odd_characters_are_ordinary_subjects() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for subject in
        ["%n%s%p", "Ā", "a b", "../x", "...", "𝕳", "\"", "\\", "'", "auth:", "*", "{x}", "null", "-1", "<b>"]
    {
        let key = format!("auth:{subject}");
        let first = con.issue(&key, &["LIMIT", "5"]).unwrap();
        let second = con.refresh(&key, &first.refresh, &[]).unwrap();
        assert_eq!(con.verify(&key, &second.access, &[]).unwrap()["sub"], subject);
        let third = con.refresh(&key, &second.refresh, &[]).unwrap();
        con.issue(&key, &["LIMIT", "1"]).unwrap();
        assert_eq!(refused(con.refresh(&key, &third.refresh, &[])), "NOSESSION");
    }
}
