//! What Redis does not push, or the network swallows: heartbeats tell within a second.

use std::time::Duration;

use super::{
    UNHEARD,
    observer::{Observer, Program},
};
use crate::support::{
    clock::Clocked,
    network::{Network, Passing},
    *,
};

/// Unix seconds.
fn now() -> i64 {
    i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap()
}

/// Seen to fail without heartbeats.
#[test]
fn a_network_that_swallows_packets_hides_a_revocation_for_a_second_at_most() {
    let redis = Redis::builder().tcp().start();
    let network = Network::to(redis.port());
    let program = Program::new(&format!("redis://127.0.0.1:{}", network.port()));
    let mut con = redis.connect();
    for (what, passing) in
        [("swallows everything", Passing::Nothing), ("swallows answers", Passing::Requests)]
    {
        let tokens = con.issue("auth:42", &[]).unwrap();
        let observer = Observer::start(&program, &tokens.access);
        let late = observer.lateness(&format!("a network that {what}"), || {
            network.let_pass(passing);
            con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
        });
        assert!(late < UNHEARD, "{what}: {late:?}");
        drop(observer);
        network.let_pass(Passing::All);
        program.learn(&con.issue("auth:43", &[]).unwrap().access);
    }
}

/// Seen to fail when the verify epoch is not compared.
#[test]
fn new_settings_count_within_a_second() {
    let redis = Redis::start();
    let program = Program::of(&redis);
    let mut con = redis.connect();
    for [name, value, back] in [
        ["hallpass.audience", "other", ""],
        ["hallpass.issuer", "https://other.example", ""],
        ["hallpass.not-before", &(now() + 1000).to_string(), "0"],
    ] {
        let tokens = con.issue("auth:42", &[]).unwrap();
        let observer = Observer::start(&program, &tokens.access);
        let late = observer.lateness(name, || con.get(&["CONFIG", "SET", name, value]));
        assert!(late < UNHEARD, "{name}: {late:?}");
        drop(observer);
        con.get::<()>(&["CONFIG", "SET", name, back]);
    }
}

/// Seen to fail when the verify epoch is not compared.
#[test]
fn a_removed_key_counts_within_a_second() {
    let redis = Redis::start();
    let program = Program::of(&redis);
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let observer = Observer::start(&program, &tokens.access);
    let late = observer.lateness("AUTH.RELOAD without the key", || {
        Keyring(vec![Key::signing("EdDSA", "sig-2"), Key::refresh("ref-1")])
            .write(&redis.path("keyring.json"));
        con.get::<()>(&["AUTH.RELOAD"]);
    });
    assert!(late < UNHEARD, "{late:?}");
}

/// Seen to fail when the verify epoch is not compared.
#[test]
fn a_key_that_expires_counts_within_a_second() {
    let end = now() + 300;
    let ring = Keyring(vec![Key::signing("EdDSA", "sig-2"), Key::refresh("ref-1")]);
    let ring = ring.and(Key::signing("EdDSA", "sig-1").with("exp", end));
    let clocked = Clocked::start(Redis::builder().keyring(ring));
    let program = Program::of(&clocked.redis);
    let mut con = clocked.redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    assert_eq!(tokens::header(&tokens.access)["kid"], "sig-1");
    let observer = Observer::start(&program, &tokens.access);
    let late = observer.lateness("a key that expires", || clocked.forward(Duration::from_secs(300)));
    assert!(late < UNHEARD, "{late:?}");
}

/// For how many seconds a token lives that is to expire: for as long as a busy machine may need to learn it.
const LIVES: &str = "8";

/// Seen to fail when a kept answer outlives the token.
#[test]
fn a_token_is_not_accepted_beyond_its_expiry_by_the_clock_of_redis() {
    let redis = Redis::start();
    let program = Program::of(&redis);
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &["ACCESSTTL", LIVES]).unwrap();
    let end = tokens.claims()["exp"].as_i64().unwrap();
    let observer = Observer::start(&program, &tokens.access);
    let late = observer.lateness("a token that expires", || {
        wait_until("the token expires", SOON, || con.now_ms() >= end * 1000);
    });
    assert!(late.is_zero(), "{late:?}");
}
