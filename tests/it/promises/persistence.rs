//! Sessions outlive reloads and restarts.

use crate::support::*;

/// Creates sessions of several users, some refreshed a few times.
fn some_sessions(con: &mut Con) -> Vec<(String, Tokens)> {
    let mut all = vec![];
    for user in 0..5 {
        let key = format!("auth:{user}");
        for rotations in 0..4 {
            let mut tokens = con.issue(&key, &["CLAIMS", r#"{"a":"b"}"#, "META", "{}"]).unwrap();
            for _ in 0..rotations {
                tokens = con.refresh(&key, &tokens.refresh, &[]).unwrap();
            }
            all.push((key.clone(), tokens));
        }
    }
    all
}

/// Asserts that every session verifies and refreshes.
fn all_carry_on(con: &mut Con, sessions: &[(String, Tokens)]) {
    for (key, tokens) in sessions {
        assert_eq!(con.verify(key, &tokens.access, &[]).unwrap(), tokens.claims());
        let next = con.refresh(key, &tokens.refresh, &[]).unwrap();
        assert_eq!(next.generation(), tokens.generation() + 1);
        assert_eq!(next.session_id, tokens.session_id);
    }
}

#[test]
fn every_session_refreshes_after_debug_reload() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let sessions = some_sessions(&mut con);
    let before = (con.records("auth:3"), con.expires_at("auth:3"));
    con.get::<()>(&["DEBUG", "RELOAD"]);
    assert_eq!((con.records("auth:3"), con.expires_at("auth:3")), before);
    all_carry_on(&mut con, &sessions);
}

#[test]
fn every_session_refreshes_after_a_restart_from_the_append_only_file() {
    let mut redis = Redis::with(&["appendonly yes", "appendfsync always"]);
    let mut con = redis.connect();
    let sessions = some_sessions(&mut con);
    let before = (con.records("auth:3"), con.expires_at("auth:3"));
    redis.restart();
    let mut con = redis.connect();
    assert_eq!((con.records("auth:3"), con.expires_at("auth:3")), before);
    all_carry_on(&mut con, &sessions);
}

#[test]
fn every_session_refreshes_after_an_append_only_file_is_loaded_live() {
    let redis = Redis::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let mut con = redis.connect();
    let sessions = some_sessions(&mut con);
    con.get::<()>(&["DEBUG", "LOADAOF"]);
    all_carry_on(&mut con, &sessions);
}

#[test]
fn every_session_refreshes_after_a_restart_from_the_snapshot() {
    let mut redis = Redis::with(&["save 3600 1"]);
    let mut con = redis.connect();
    let sessions = some_sessions(&mut con);
    redis.restart();
    all_carry_on(&mut redis.connect(), &sessions);
}

#[test]
fn a_retry_across_a_restart_gets_the_identical_tokens() {
    let mut redis = Redis::with(&["appendonly yes", "appendfsync always"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    redis.restart();
    let again = redis.connect().refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((again.access, again.refresh), (second.access, second.refresh));
}

#[test]
fn a_session_ended_by_reuse_stays_ended_after_a_restart() {
    let mut redis = Redis::with(&["appendonly yes", "appendfsync always"]);
    let mut con = redis.connect();
    let kept = con.issue("auth:42", &[]).unwrap();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
    redis.restart();
    let mut con = redis.connect();
    assert_eq!(refused(con.refresh("auth:42", &third.refresh, &[])), "NOSESSION");
    con.refresh("auth:42", &kept.refresh, &[]).unwrap();
}

#[test]
fn dump_restore_and_rename_keep_a_session_only_under_its_own_key() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let dump: Vec<u8> = con.get(&["DUMP", "auth:42"]);
    con.get::<i64>(&["DEL", "auth:42"]);
    con.run(&[&b"RESTORE"[..], b"auth:42", b"0", &dump]).unwrap();
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    con.get::<()>(&["RENAME", "auth:42", "auth:43"]);
    assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "NOSESSION");
    assert_eq!(refused(con.verify("auth:43", &tokens.access, &[])), "INVALIDTOKEN");
}
