//! Hostile arguments to the commands behind AUTH.ISSUE, AUTH.REFRESH and AUTH.VERIFY: a fixed answer, no effect.

use crate::support::{
    target_session::{TargetSession, hostile_values, is_json_object},
    *,
};

/// A session id that nobody has.
const SID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Returns whether `value` only looks hostile, and is valid as a name or as an object.
fn acceptable(value: &[u8]) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(byte);
    value == b"{}" || (1..=64).contains(&value.len()) && value.iter().all(word)
}

#[test]
fn as_the_key() {
    let mut victim = TargetSession::new();
    let refresh = victim.tokens.refresh.clone();
    for value in hostile_values() {
        victim.attack(&[b"AUTH.INSPECT", &value, refresh.as_bytes()]);
        victim.attack(&[b"AUTH.SESSIONS", &value]);
        victim.attack(&[b"AUTH.REVOKE", &value, b"ALL"]);
        victim.attack(&[b"AUTH.REVOKE", &value, b"TOKEN", refresh.as_bytes()]);
        victim.attack(&[b"AUTH.SETCLAIMS", &value, b"ALL", b"{}"]);
    }
    victim.unharmed();
}

#[test]
fn as_an_argument() {
    let mut victim = TargetSession::new();
    let refresh = victim.tokens.refresh.clone();
    for value in hostile_values() {
        victim.attack(&[b"AUTH.INSPECT", b"auth:42", &value]);
        victim.attack(&[b"AUTH.INSPECT", b"auth:42", refresh.as_bytes(), &value]);
        victim.attack(&[b"AUTH.INSPECT", b"auth:42", refresh.as_bytes(), b"WITHCLAIMS", &value]);
        victim.attack(&[b"AUTH.INSPECT", b"auth:42", refresh.as_bytes(), b"FORMAT", &value]);
        victim.attack(&[b"AUTH.SESSIONS", b"auth:42", b"FORMAT", &value]);
        victim.attack(&[b"AUTH.KEYS", b"FORMAT", &value]);
        victim.attack(&[b"AUTH.SESSIONS", b"auth:42", &value]);
        for option in [&b"OFFSET"[..], b"COUNT"] {
            victim.attack(&[b"AUTH.SESSIONS", b"auth:42", option, &value]);
            victim.attack(&[b"AUTH.SESSIONS", b"auth:42", option, b"1", &value]);
        }
        victim.attack(&[b"AUTH.REVOKE", b"auth:42", &value]);
        victim.attack(&[b"AUTH.REVOKE", b"auth:42", &value, b"x"]);
        victim.attack(&[b"AUTH.REVOKE", b"auth:42", b"ALL", &value]);
        victim.attack(&[b"AUTH.REVOKE", b"auth:42", b"ALL", b"EXCEPT", &value]);
        victim.attack(&[b"AUTH.REVOKE", b"auth:42", b"TOKEN", b"x", &value]);
        victim.attack(&[b"AUTH.KEYS", &value]);
        victim.attack(&[b"AUTH.RELOAD", &value]);
        if !acceptable(&value) {
            victim.attack(&[b"AUTH.REVOKE", b"auth:42", b"TOKEN", b"x", b"CLIENT", &value]);
        }
        if !is_json_object(&value) {
            victim.attack(&[b"AUTH.SETCLAIMS", b"auth:42", b"ALL", &value]);
            victim.attack(&[b"AUTH.SETCLAIMS", b"auth:42", SID.as_bytes(), &value]);
        }
        victim.attack(&[b"AUTH.SETCLAIMS", b"auth:42", b"ALL", b"{}", &value]);
    }
    victim.unharmed();
}

#[test]
fn as_a_token_or_a_session_id_that_names_nobody() {
    let mut victim = TargetSession::new();
    let (access, refresh) = (victim.tokens.access.clone(), victim.tokens.refresh.clone());
    let replaced = |token: &str, index: usize, value: &[u8]| {
        let mut parts: Vec<&[u8]> = token.split('.').map(str::as_bytes).collect();
        parts[index] = value;
        parts.join(&b'.')
    };
    for value in hostile_values() {
        let mut tokens = vec![value.clone()];
        tokens.extend((0..6).map(|index| replaced(&refresh, index, &value)));
        tokens.extend((0..3).map(|index| replaced(&access, index, &value)));
        for token in tokens {
            victim.attack(&[b"AUTH.INSPECT", b"auth:42", &token]);
            victim.counts_nothing(&[b"AUTH.REVOKE", b"auth:42", b"TOKEN", &token]);
            victim.counts_nothing(&[b"AUTH.REVOKE", b"auth:42", b"TOKEN", &token, b"CLIENT", b"web"]);
        }
        victim.counts_nothing(&[b"AUTH.REVOKE", b"auth:42", b"SESSION", &value]);
        victim.counts_nothing(&[b"AUTH.REVOKE", b"auth:42", b"SESSION", &value, SID.as_bytes(), &value]);
        victim.counts_nothing(&[b"AUTH.SETCLAIMS", b"auth:42", &value, b"{}"]);
    }
    victim.unharmed();
}

#[test]
fn as_options_given_twice_or_by_the_thousand() {
    let mut victim = TargetSession::new();
    let sid = victim.tokens.session_id.clone().into_bytes();
    for command in [
        &[&b"AUTH.SESSIONS"[..], b"auth:42", b"COUNT", b"1", b"count", b"1"][..],
        &[b"AUTH.SESSIONS", b"auth:42", b"WITHCLAIMS", b"WithClaims"],
        &[b"AUTH.KEYS", b"FORMAT", b"JSON", b"format", b"json"],
        &[b"AUTH.REVOKE", b"auth:42", b"ALL", b"EXCEPT", &sid, b"except", &sid],
        &[b"AUTH.REVOKE", b"auth:42", b"ALL", b"all"],
        &[b"AUTH.REVOKE", b"auth:42", b"TOKEN", b"x", b"TOKEN", b"y"],
        &[b"AUTH.REVOKE", b"auth:42", b"TOKEN", b"x", b"CLIENT", b"a", b"CLIENT", b"a"],
    ] {
        victim.attack(command);
    }
    let many = vec![&b"WITHCLAIMS"[..]; 100_000];
    for start in [
        &[&b"AUTH.SESSIONS"[..], b"auth:42"][..],
        &[b"AUTH.INSPECT", b"auth:42"],
        &[b"AUTH.REVOKE", b"auth:42", b"ALL"],
        &[b"AUTH.SETCLAIMS", b"auth:42"],
        &[b"AUTH.KEYS"],
        &[b"AUTH.RELOAD"],
    ] {
        victim.attack(&[start, &many].concat());
    }
    victim.counts_nothing(&[&[&b"AUTH.REVOKE"[..], b"auth:42", b"SESSION"], &many[..]].concat());
    victim.unharmed();
}

#[test]
fn any_byte_of_a_record_may_be_wrong() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let options = ["SID", SID, "CLAIMS", r#"{"scope":"a"}"#, "META", "{}", "CLASS", "x", "AUDIENCE", "api"];
    let tokens = con.issue("auth:42", &options).unwrap();
    let good = con.records("auth:42").remove(SID).unwrap();
    let run_id = con.run_id();
    for index in 0..good.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[index] ^= flip;
            con.run(&[&b"HSET"[..], b"auth:42", SID.as_bytes(), &bad]).unwrap();
            con.run(&["AUTH.INSPECT", "auth:42", &tokens.refresh]).unwrap();
            con.run(&["AUTH.SESSIONS", "auth:42", "WITHCLAIMS"]).unwrap();
            con.run(&["AUTH.SETCLAIMS", "auth:42", SID, r#"{"a":1}"#]).ok();
            con.run(&["AUTH.SETCLAIMS", "auth:42", "ALL", r#"{"a":1}"#]).ok();
            con.run(&[&b"HSET"[..], b"auth:42", SID.as_bytes(), &bad]).unwrap();
            con.run(&["AUTH.REVOKE", "auth:42", "TOKEN", &tokens.access]).unwrap();
            con.run(&[&b"HSET"[..], b"auth:42", SID.as_bytes(), &bad]).unwrap();
            con.run(&["AUTH.REVOKE", "auth:42", "ALL"]).unwrap();
            assert_eq!(con.get::<i64>(&["EXISTS", "auth:42"]), 0, "byte {index} ^ {flip:#x}");
        }
    }
    assert_eq!(con.run_id(), run_id);
}

#[test]
fn other_types_and_other_hashes_stay_as_they_are() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &["SID", SID]).unwrap();
    let commands = [
        &["AUTH.INSPECT", "auth:42", &tokens.refresh][..],
        &["AUTH.SESSIONS", "auth:42"],
        &["AUTH.REVOKE", "auth:42", "ALL"],
        &["AUTH.REVOKE", "auth:42", "SESSION", SID],
        &["AUTH.REVOKE", "auth:42", "TOKEN", &tokens.access],
        &["AUTH.SETCLAIMS", "auth:42", "ALL", "{}"],
        &["AUTH.SETCLAIMS", "auth:42", SID, "{}"],
    ];
    for (kind, is_hash) in [
        (&["SET", "auth:42", "x"][..], false),
        (&["RPUSH", "auth:42", "x"], false),
        (&["SADD", "auth:42", SID], false),
        (&["ZADD", "auth:42", "1", SID], false),
        (&["XADD", "auth:42", "*", SID, "x"], false),
        (&["HSET", "auth:42", "UserID", "42", "\0", "%n%s", "AuthToken", "x"], true),
    ] {
        con.get::<i64>(&["DEL", "auth:42"]);
        con.run(kind).unwrap();
        let dump = |con: &mut Con| (con.get::<Vec<u8>>(&["DUMP", "auth:42"]), con.expires_at("auth:42"));
        let before = dump(&mut con);
        for command in commands {
            let answer = con.run(command);
            let code = answer.err().map(|refusal| refusal.code);
            assert_eq!(code, (!is_hash).then(|| "WRONGTYPE".to_owned()), "{kind:?} {command:?}");
        }
        assert!(dump(&mut con) == before, "{kind:?}");
    }
}
