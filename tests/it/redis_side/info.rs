//! `INFO hallpass` and the errors that Redis counts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::{clock::Clocked, *};

const COUNTERS: [&str; 16] = [
    "issued",
    "refreshed",
    "retried",
    "shared",
    "reused",
    "recovered",
    "revoked",
    "evicted",
    "verified",
    "verify_cache_hits",
    "invalid",
    "expired",
    "stale",
    "unreadable_records",
    "receipts_kept",
    "receipts_dropped",
];

#[test]
fn all_counters_start_at_zero() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for name in COUNTERS {
        assert_eq!(con.counter(name), 0, "{name}");
    }
}

#[test]
fn every_kind_of_answer_is_counted() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    con.refresh("auth:42", &second.refresh, &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap_err();
    con.issue("auth:42", &[]).unwrap();
    con.issue("auth:42", &["LIMIT", "1"]).unwrap();
    con.verify("auth:42", "x", &[]).unwrap_err();
    con.refresh("auth:42", "x", &[]).unwrap_err();
    for (name, count) in [
        ("issued", 3),
        ("refreshed", 2),
        ("retried", 1),
        ("reused", 1),
        ("evicted", 1),
        ("verified", 2),
        ("verify_cache_hits", 2),
        ("invalid", 2),
        ("recovered", 0),
        ("revoked", 0),
        ("expired", 0),
        ("stale", 0),
    ] {
        assert_eq!(con.counter(name), count, "{name}");
    }
}

#[test]
fn info_has_the_fields_for_operators_and_front_ends() {
    let redis =
        Redis::with(&["hallpass.issuer https://id", "hallpass.audience api", "hallpass.key-pattern s:*"]);
    let mut con = redis.connect();
    assert_eq!(con.info("key_pattern"), "s:*");
    assert_eq!(con.info("issuer"), "https://id");
    assert_eq!(con.info("audience"), "api");
    assert_eq!((con.info("race_window").as_str(), con.info("retry_window").as_str()), ("10", "600"));
    let text: String = con.get(&["INFO", "hallpass"]);
    assert!(text.contains("sig-1") && text.contains("ref-1"), "active kids: {text}");
    assert!(["no", "0"].contains(&con.info("keyring_stale").as_str()));
    assert!(text.contains("hallpass_retry_delay"), "a histogram of retry delay: {text}");
    assert!(con.get::<String>(&["INFO", "everything"]).contains("hallpass_issued"));
}

#[test]
fn a_newer_file_makes_the_keyring_stale() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let fresh = con.info("keyring_stale");
    con.let_pass(std::time::Duration::from_millis(1100));
    redis.ring().write(&redis.path("keyring.json"));
    wait_until("the newer file is noticed", SOON, || con.info("keyring_stale") != fresh);
}

#[test]
fn redis_counts_the_error_codes() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.verify("auth:42", "x", &[]).unwrap_err();
    con.issue("user:42", &[]).unwrap_err();
    let text: String = con.get(&["INFO", "errorstats"]);
    assert!(text.contains("errorstat_INVALIDTOKEN:count=1"), "{text}");
    assert!(text.contains("errorstat_ERR:count="), "{text}");
    let stats: String = con.get(&["INFO", "commandstats"]);
    assert!(stats.contains("cmdstat_auth.verify:calls=1"), "{stats}");
}

#[test]
fn the_build_is_named() {
    let redis = Redis::start();
    let mut con = redis.connect();
    assert_eq!(con.info("version"), env!("CARGO_PKG_VERSION"));
    let commit = con.info("commit");
    let commit = commit.strip_suffix("-dirty").unwrap_or(&commit);
    assert!(commit == "unknown" || commit.chars().all(|c| c.is_ascii_hexdigit()), "{commit}");
}

#[test]
fn the_verify_epoch_begins_at_loading_and_grows_with_what_no_key_tells_of() {
    let before = clock_ms();
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.counter("verify_epoch");
    assert!((before..=clock_ms()).contains(&first), "{first}");

    let tokens = con.issue("auth:42", &[]).unwrap();
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    assert_eq!(con.counter("verify_epoch"), first, "a change of a key is told by the key");

    let mut last = first;
    let mut grows = |con: &mut Con, by: &[&str]| {
        con.get::<()>(by);
        let epoch = con.counter("verify_epoch");
        assert!(epoch > last, "{by:?}: {epoch} after {last}");
        assert_eq!(con.counter("verify_epoch"), epoch, "only once");
        last = epoch;
    };
    grows(&mut con, &["AUTH.RELOAD"]);
    grows(&mut con, &["CONFIG", "SET", "hallpass.leeway", "7"]);
    grows(&mut con, &["CONFIG", "SET", "hallpass.issuer", "https://id"]);
    grows(&mut con, &["CONFIG", "SET", "hallpass.recovery", "no"]);
    grows(&mut con, &["CONFIG", "SET", "hallpass.not-before", "1"]);
}

#[test]
fn the_verify_epoch_grows_when_a_key_expires() {
    let expiry = clock_ms() / 1000 + 1_000;
    for old in [Key::signing("EdDSA", "sig-0"), Key::refresh("ref-0")] {
        let ring = Keyring(vec![old.with("exp", expiry)]);
        let ring = ring.and(Key::signing("EdDSA", "sig-1")).and(Key::refresh("ref-1"));
        let clocked = Clocked::start(Redis::builder().keyring(ring));
        let mut con = clocked.redis.connect();
        let first = con.counter("verify_epoch");
        clocked.forward(Duration::from_secs(1_001));
        let second = con.counter("verify_epoch");
        assert!(second > first);
        assert_eq!(con.counter("verify_epoch"), second, "only once");
        clocked.right();
        assert!(con.counter("verify_epoch") > second, "by a clock that was wrong, the key was expired");
    }
}

/// Unix milliseconds.
fn clock_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_millis()).expect("a near time")
}
