//! What the module remembers of access tokens: as much as `hallpass.verify-cache-bytes` says, and nothing that outlives it.

use crate::support::*;

const LIMIT: i64 = 1 << 20;
/// What it takes to remember anything at all, and what Redis takes for a client, now more and now less.
const BESIDES: i64 = 1 << 16;

/// All that Redis and its modules have allocated, in bytes.
fn used(con: &mut Con) -> i64 {
    let text: String = con.get(&["INFO", "memory"]);
    let line = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
    line.unwrap().parse().unwrap()
}

/// Logs one user in again and again, which leaves one session, and tokens that are remembered.
fn log_in(con: &mut Con, times: usize) -> Tokens {
    let mut last = || con.issue("auth:42", &["LIMIT", "1"]).unwrap();
    (1..times).for_each(|_| drop(last()));
    last()
}

/// The same 500 times, `rounds` times, of which the last token is verified.
fn log_in_and_verify(con: &mut Con, rounds: usize) {
    for _ in 0..rounds {
        let last = log_in(con, 500);
        con.verify("auth:42", &last.access, &[]).unwrap();
    }
}

/// Seen to fail with nothing ever forgotten, and with texts that are not counted.
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

/// Seen to fail where every token is remembered as it is minted.
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
fn being_remembered_helps_no_token_past_any_check() {
    let redis = Redis::with(&["hallpass.issuer https://id", "hallpass.audience api"]);
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &["ACCESSTTL", "1"]).unwrap();
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
    wait_until("it expires", SOON, || match con.verify("auth:42", &tokens.access, &[]) {
        Ok(_) => false,
        Err(refusal) => refusal.code == "EXPIREDTOKEN",
    });
}
