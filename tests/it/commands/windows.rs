//! The rotation rules over time: retries, the race window, the retry window, reuse, and a store that rolled back.

use std::time::Duration;

use crate::support::{clock::Clocked, *};

/// A little more than the smallest window.
const A_SECOND: Duration = Duration::from_millis(1100);

#[test]
fn a_retry_at_once_gets_the_identical_tokens() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["CLAIMS", r#"{"b":1,"a":{"z":1,"y":2}}"#]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let state = con.records("auth:42");
    for _ in 0..3 {
        let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
        assert_eq!((&again.access, &again.refresh), (&second.access, &second.refresh));
    }
    assert_eq!(con.records("auth:42"), state, "a retry changes nothing");
    assert_eq!((con.counter("refreshed"), con.counter("retried")), (1, 3));
}

#[test]
fn randomised_signatures_are_equivalent_and_all_others_identical() {
    for alg in ["EdDSA", "HS256", "ES256"] {
        let redis = Redis::builder().keyring(Keyring::signing_with(alg)).start();
        let mut con = redis.connect();
        let first = con.issue("auth:42", &[]).unwrap();
        let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
        let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
        assert_eq!(again.refresh, second.refresh);
        assert_eq!(again.claims(), second.claims());
        assert!(alg == "ES256" || again.access == second.access, "{alg}");
        con.verify("auth:42", &again.access, &[]).unwrap();
    }
}

#[test]
fn one_holders_receipt_does_not_close_the_race_window() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((again.access, again.refresh), (second.access, second.refresh));
}

#[test]
fn after_the_race_window_a_receipt_makes_the_old_token_a_reuse() {
    let redis = Redis::with(&["hallpass.race-window 1"]);
    let mut con = redis.connect();
    let sibling = con.issue("auth:42", &[]).unwrap();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    con.let_pass(A_SECOND);
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");

    assert_eq!(refused(con.verify("auth:42", &second.access, &[])), "NOSESSION");
    assert_eq!(refused(con.refresh("auth:42", &second.refresh, &[])), "NOSESSION");
    con.verify("auth:42", &sibling.access, &[]).unwrap();
    con.refresh("auth:42", &sibling.refresh, &[]).unwrap();
    assert_eq!(con.counter("reused"), 1);
}

#[test]
fn after_the_race_window_without_a_receipt_the_retry_window_still_answers() {
    let redis = Redis::with(&["hallpass.race-window 1"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.verify("auth:42", &first.access, &[]).unwrap();
    con.let_pass(A_SECOND);
    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((again.access, again.refresh), (second.access, second.refresh));
}

#[test]
fn a_receipt_that_the_verify_cache_answered_counts_too() {
    let redis = Redis::with(&["hallpass.race-window 1"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    con.verify("auth:42", &first.access, &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    con.let_pass(A_SECOND);
    con.verify("auth:42", &second.access, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
}

#[test]
fn a_receipt_counts_with_the_verify_cache_off() {
    let lines = ["hallpass.race-window 0", "hallpass.verify-cache-bytes 0"];
    let redis = Redis::with(&lines);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
}

#[test]
fn a_refused_verify_is_not_a_receipt() {
    let redis = Redis::with(&["hallpass.race-window 0"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["AUDIENCE", "api"]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let elsewhere = con.verify("auth:42", &second.access, &["AUDIENCE", "other"]);
    assert_eq!(refused(elsewhere), "INVALIDTOKEN");
    assert_eq!(refused(con.verify("auth:43", &second.access, &[])), "INVALIDTOKEN");
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
}

#[test]
fn after_the_retry_window_an_old_token_is_a_reuse_receipt_or_not() {
    let clocked = Clocked::with(&["hallpass.race-window 0", "hallpass.retry-window 100"]);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    clocked.forward(Duration::from_secs(101));
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
}

#[test]
fn retries_do_not_prolong_the_window() {
    let clocked = Clocked::with(&["hallpass.race-window 0", "hallpass.retry-window 400"]);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    clocked.forward(Duration::from_secs(200));
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    clocked.forward(Duration::from_secs(401));
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
}

#[test]
fn windows_of_zero_are_off() {
    let redis = Redis::with(&["hallpass.race-window 0", "hallpass.retry-window 0"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
    assert!(con.records("auth:42").is_empty());
}

#[test]
fn a_token_two_generations_old_is_a_reuse_inside_every_window() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
}

#[test]
fn a_very_old_generation_is_still_recognised() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let mut last = first.clone();
    for _ in 0..50 {
        last = con.refresh("auth:42", &last.refresh, &[]).unwrap();
    }
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &last.refresh, &[])), "NOSESSION");
}

#[test]
fn a_retry_whose_access_token_expired_gets_a_fresh_one() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &["ACCESSTTL", "100"]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    clocked.forward(Duration::from_secs(101));
    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(again.refresh, second.refresh);
    assert!(again.claims()["iat"].as_i64() > second.claims()["iat"].as_i64());
    assert_eq!(again.claims()["gen"], 1);
    con.verify("auth:42", &again.access, &[]).unwrap();
}

#[test]
fn a_store_that_went_back_in_time_is_caught_up() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut tokens = con.issue("auth:42", &[]).unwrap();
    let backup = con.records("auth:42").remove(&tokens.session_id).unwrap();
    for _ in 0..3 {
        tokens = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    }
    let sid = tokens.session_id.clone().into_bytes();
    con.run(&[&b"HSET"[..], b"auth:42", &sid, &backup]).unwrap();

    assert_eq!(con.verify("auth:42", &tokens.access, &[]).unwrap()["gen"], 3);
    let next = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert_eq!(next.generation(), 4);
    assert_eq!(con.counter("recovered"), 1);
    con.refresh("auth:42", &next.refresh, &[]).unwrap();
}

#[test]
fn without_recovery_a_token_from_the_future_is_a_reuse() {
    let redis = Redis::with(&["hallpass.recovery no"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let backup = con.records("auth:42").remove(&first.session_id).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let sid = first.session_id.clone().into_bytes();
    con.run(&[&b"HSET"[..], b"auth:42", &sid, &backup]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &second.refresh, &[])), "REUSEDTOKEN");
    assert!(con.records("auth:42").is_empty());
    assert_eq!((con.counter("recovered"), con.counter("reused")), (0, 1));
}
