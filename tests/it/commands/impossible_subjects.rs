//! Keys that match the pattern, of subjects that cannot be: callers compute them from tokens, so that the token is not valid.

use crate::support::*;

/// What stands for `*` and cannot be a subject.
fn impossible() -> Vec<Vec<u8>> {
    let mut subjects: Vec<Vec<u8>> =
        ["", ".", "..", "a\nb", "a\0b", "\u{7f}", "\u{85}"].map(|text| text.as_bytes().to_vec()).to_vec();
    subjects.push(vec![b'x'; 256]);
    subjects.push(b"\xff".to_vec());
    subjects
}

/// The first words of what `args` are answered.
fn answer(redis: &Redis, args: &[&[u8]]) -> String {
    let line = redis.raw().call(args).text();
    line.split(" the ").next().unwrap_or_default().to_owned()
}

#[test]
fn commands_that_take_a_token_call_it_invalid() {
    let redis = Redis::start();
    let tokens = redis.connect().issue("auth:42", &[]).unwrap();
    let (refresh, access) = (tokens.refresh.as_bytes(), tokens.access.as_bytes());
    for subject in impossible() {
        let key = [b"auth:", &subject[..]].concat();
        for args in [
            &[b"AUTH.VERIFY", &key[..], access][..],
            &[b"AUTH.REFRESH", &key, refresh],
            &[b"AUTH.INSPECT", &key, refresh],
            &[b"AUTH.REVOKE", &key, b"token", refresh],
            &[b"AUTH.REVOKE", &key, b"TOKEN", access, b"CLIENT", b"web"],
        ] {
            assert_eq!(answer(&redis, args), "INVALIDTOKEN", "{}", key.escape_ascii());
        }
    }
}

#[test]
fn other_commands_call_the_key_wrong() {
    let redis = Redis::start();
    for subject in impossible() {
        let key = [b"auth:", &subject[..]].concat();
        for args in [
            &[b"AUTH.ISSUE", &key[..]][..],
            &[b"AUTH.SESSIONS", &key],
            &[b"AUTH.REVOKE", &key, b"ALL"],
            &[b"AUTH.REVOKE", &key, b"SESSION", b"x"],
            &[b"AUTH.SETCLAIMS", &key, b"ALL", b"{}"],
        ] {
            let line = redis.raw().call(args).text();
            assert_eq!(line, "ERR hallpass: key does not match hallpass.key-pattern");
        }
    }
}

#[test]
fn a_key_outside_the_pattern_stays_the_callers_mistake() {
    let redis = Redis::with(&["hallpass.key-pattern app:{*}"]);
    for key in ["auth:42", "app:42", "app:{42", "app:{}x", "app", ""] {
        for args in [
            &["AUTH.VERIFY", key, "x"][..],
            &["AUTH.REFRESH", key, "x"],
            &["AUTH.INSPECT", key, "x"],
            &["AUTH.REVOKE", key, "TOKEN", "x"],
        ] {
            let line = redis.raw().call(args).text();
            assert!(line.starts_with("ERR hallpass: key does not match"), "{key}: {line}");
        }
    }
    assert_eq!(redis.raw().call(&["AUTH.VERIFY", "app:{}", "x"]).error_code(), "INVALIDTOKEN");
}
