//! Many operations within one millisecond: the clock stands still, so no decision can depend on it.

use std::{collections::BTreeSet, ops::RangeInclusive};

use crate::support::{clock::Clocked, *};

/// Returns a server whose clock stands still.
fn stopped(lines: &[&str]) -> Clocked {
    let server = Clocked::with(lines);
    server.stand_still();
    server
}

/// Returns the refresh tokens of later generations, as the holder of the refresh key can compute them.
fn later(redis: &Redis, tokens: &Tokens, generations: RangeInclusive<u64>) -> Vec<String> {
    let key = redis.ring().key("ref-1");
    generations.map(|generation| jwt::forge_refresh(key, &tokens.refresh, &generation.to_string())).collect()
}

/// Returns the answers to refreshes of `auth:42` that are sent together.
fn pipelined(redis: &Redis, tokens: &[String]) -> Vec<Reply> {
    let mut raw = redis.raw();
    tokens.iter().for_each(|token| raw.send(&["AUTH.REFRESH", "auth:42", token]));
    tokens.iter().map(|_| raw.reply()).collect()
}

#[test]
fn a_chain_of_rotations_in_one_pipeline_is_followed_to_its_end() {
    let server = stopped(&[]);
    let mut con = server.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let chain = later(&server.redis, &first, 0..=99);
    let replies = pipelined(&server.redis, &chain);
    let answered: Vec<String> = replies.iter().map(|reply| reply.member("refresh_token").text()).collect();
    assert_eq!(answered[..99], chain[1..]);
    let access: BTreeSet<String> = replies.iter().map(|reply| reply.member("access_token").text()).collect();
    assert_eq!(access.len(), 100, "each generation has its own");
    let ids: BTreeSet<String> = access.iter().map(|token| tokens::claims(token)["jti"].to_string()).collect();
    assert_eq!(ids.len(), 100);
    assert_eq!((con.counter("refreshed"), con.counter("retried")), (100, 0));
}

#[test]
fn a_pipelined_repetition_is_a_retry_and_an_older_token_a_reuse() {
    let server = stopped(&[]);
    let mut con = server.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let [zero, one] = &later(&server.redis, &first, 0..=1)[..] else { panic!() };
    let order = [zero, zero, one, one, zero, one].map(String::clone);
    let replies = pipelined(&server.redis, &order);
    let text = |index: usize| replies[index].member("access_token").text();
    assert_eq!((text(0), text(2)), (text(1), text(3)));
    assert_eq!(replies[4].error_code(), "REUSEDTOKEN", "two behind, in the same millisecond");
    assert_eq!(replies[5].error_code(), "NOSESSION");
}

#[test]
fn without_windows_the_same_millisecond_is_no_excuse() {
    let server = stopped(&["hallpass.race-window 0", "hallpass.retry-window 0"]);
    let first = server.redis.connect().issue("auth:42", &[]).unwrap();
    let replies = pipelined(&server.redis, &[first.refresh.clone(), first.refresh.clone()]);
    assert!(!replies[0].has_error());
    assert_eq!(replies[1].error_code(), "REUSEDTOKEN");
}

#[test]
fn a_receipt_in_the_same_millisecond_closes_the_retry_window() {
    let server = stopped(&["hallpass.race-window 0"]);
    let mut con = server.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
}

#[test]
fn sessions_of_one_millisecond_are_told_apart_and_limited_exactly() {
    let server = stopped(&["hallpass.session-limit 0"]);
    let mut con = server.redis.connect();
    let sids: BTreeSet<String> = (0..300).map(|_| con.issue("auth:42", &[]).unwrap().session_id).collect();
    assert_eq!(sids.len(), 300);
    let last = con.issue("auth:42", &["LIMIT", "3"]).unwrap();
    assert_eq!(last.evicted.unwrap().len(), 298);
    assert_eq!(con.records("auth:42").len(), 3);
    con.verify("auth:42", &last.access, &[]).unwrap();
}

#[test]
fn every_change_of_claims_makes_tokens_stale() {
    let server = stopped(&[]);
    let mut con = server.redis.connect();
    let mut tokens = con.issue("auth:42", &[]).unwrap();
    for role in ["one", "two", "three"] {
        let claims = format!(r#"{{"role":"{role}"}}"#);
        assert_eq!(con.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", "ALL", &claims]), 1);
        assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "STALETOKEN");
        tokens = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
        assert_eq!(con.verify("auth:42", &tokens.access, &[]).unwrap()["role"], role);
    }
}

#[test]
fn a_session_that_ends_at_once_is_gone_for_the_next_command() {
    let server = stopped(&[]);
    let tokens = server.redis.connect().issue("auth:42", &[]).unwrap();
    let mut raw = server.redis.raw();
    raw.send(&["AUTH.REFRESH", "auth:42", &tokens.refresh]);
    raw.send(&["AUTH.REVOKE", "auth:42", "SESSION", &tokens.session_id]);
    raw.send(&["AUTH.REFRESH", "auth:42", &tokens.refresh]);
    raw.send(&["AUTH.VERIFY", "auth:42", &tokens.access]);
    assert!(!raw.reply().has_error());
    assert_eq!(raw.reply(), Reply::Integer(1));
    assert_eq!((raw.reply().error_code(), raw.reply().error_code()), ("NOSESSION", "NOSESSION"));
}
