//! The verify cache: its memory keeps to `hallpass.verify-cache-bytes`, and is freed with it.

use std::time::Duration;

use crate::support::{clock::Clocked, *};

const LIMIT: i64 = 1 << 20;
/// The fixed memory of the cache, and the varying memory of Redis for a client.
const BESIDES: i64 = 1 << 16;

/// Returns the bytes that Redis and its modules have allocated.
fn used(con: &mut Con) -> i64 {
    let text: String = con.get(&["INFO", "memory"]);
    let line = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
    line.unwrap().parse().unwrap()
}

/// Logs one user in again and again, which leaves one session and many cached tokens.
fn log_in(con: &mut Con, times: usize) -> Tokens {
    let mut last = || con.issue("auth:42", &["LIMIT", "1"]).unwrap();
    (1..times).for_each(|_| drop(last()));
    last()
}

/// Logs in 500 times, `rounds` times, and verifies the last token of each round.
fn log_in_and_verify(con: &mut Con, rounds: usize) {
    for _ in 0..rounds {
        let last = log_in(con, 500);
        con.verify("auth:42", &last.access, &[]).unwrap();
    }
}

/// Seen to fail if nothing is ever evicted, and if texts are not counted.
#[test]
fn they_take_no_more_memory_than_is_set() {
    let redis = Redis::with(&["hallpass.verify-cache-bytes 0"]);
    let mut con = redis.connect();
    log_in_and_verify(&mut con, 2);
    let before = used(&mut con);
    con.get::<()>(&["CONFIG", "SET", "hallpass.verify-cache-bytes", &LIMIT.to_string()]);
    log_in_and_verify(&mut con, 10);
    let grown = used(&mut con) - before;
    assert!((LIMIT / 2..=LIMIT + BESIDES).contains(&grown), "grown by {grown} bytes");
    assert_eq!(con.counter("verify_cache_hits"), 10, "the latest is always among them");
}

#[test]
fn those_used_least_recently_go_first() {
    let redis = Redis::with(&[&format!("hallpass.verify-cache-bytes {LIMIT}")]);
    let mut con = redis.connect();
    let kept = con.issue("auth:kept", &[]).unwrap();
    let left = con.issue("auth:left", &[]).unwrap();
    for _ in 0..20 {
        log_in(&mut con, 100);
        con.verify("auth:kept", &kept.access, &[]).unwrap();
    }
    assert_eq!(con.counter("verify_cache_hits"), 20);
    con.verify("auth:left", &left.access, &[]).unwrap();
    assert_eq!(con.counter("verify_cache_hits"), 20, "its signature was checked anew");
}

/// Seen to fail if every minted token is cached.
#[test]
fn those_minted_where_nobody_verifies_are_not_among_them() {
    let redis = Redis::start();
    let mut con = redis.connect();
    log_in(&mut con, 1_000);
    let before = used(&mut con);
    let last = log_in(&mut con, 2_000);
    assert!(used(&mut con) - before < BESIDES, "remembered in vain");
    con.verify("auth:42", &last.access, &[]).unwrap();
    assert_eq!(con.counter("verify_cache_hits"), 0);
    let next = log_in(&mut con, 1);
    con.verify("auth:42", &next.access, &[]).unwrap();
    assert_eq!(con.counter("verify_cache_hits"), 1, "somebody verifies now");
}

#[test]
fn a_lower_limit_holds_from_the_next_token_on() {
    for lower in ["65536", "0"] {
        let redis = Redis::start();
        let mut con = redis.connect();
        log_in_and_verify(&mut con, 6);
        let before = used(&mut con);
        con.get::<()>(&["CONFIG", "SET", "hallpass.verify-cache-bytes", lower]);
        log_in(&mut con, 1);
        assert!(used(&mut con) < before - LIMIT, "forgotten");
    }
}

#[test]
fn a_cached_token_passes_no_check_by_being_cached() {
    let clocked = Clocked::with(&["hallpass.issuer https://id", "hallpass.audience api"]);
    let mut con = clocked.redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    assert_eq!(refused(con.verify("auth:43", &tokens.access, &[])), "INVALIDTOKEN", "another user's key");
    assert_eq!(refused(con.verify("auth:42", &tokens.access, &["AUDIENCE", "web"])), "INVALIDTOKEN");
    con.get::<()>(&["CONFIG", "SET", "hallpass.issuer", "https://other"]);
    assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "INVALIDTOKEN");
    con.get::<()>(&["CONFIG", "SET", "hallpass.issuer", "https://id"]);
    let mut changed = tokens.access.clone().into_bytes();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    assert_eq!(refused(con.verify("auth:42", &changed, &[])), "INVALIDTOKEN", "the same signature's end");
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    clocked.forward(Duration::from_secs(1_000));
    assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "EXPIREDTOKEN");
}
