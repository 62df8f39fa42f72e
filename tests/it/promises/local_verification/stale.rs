//! While Redis is away, what it answered before may pass as stale, if that is wanted.

use std::{sync::Arc, time::Duration};

use hallpass_client::{CommandError, VerifyCache};

use super::observer::Program;
use crate::support::{
    network::{Network, Passing},
    *,
};

/// A client that lets pass for an hour what it verified before Redis went away.
fn program(url: &str) -> Arc<Program> {
    let cache = VerifyCache { stale_if_error: Duration::from_secs(3600), ..VerifyCache::default() };
    Program::with(url, cache)
}

fn url(redis: &Redis) -> String {
    format!("unix:{}", redis.socket().display())
}

/// Waits until a token passes as stale: that Redis is gone is heard a moment later.
#[track_caller]
fn passes_as_stale(program: &Program, token: &str) {
    wait_until("it passes as stale", SOON, || program.verify_or_stale(token) == Ok(true));
}

#[test]
fn a_token_passes_as_stale_while_redis_is_down_and_not_where_that_is_not_wanted() {
    let mut redis = Redis::start();
    let (program, strict) = (program(&url(&redis)), Program::of(&redis));
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    for program in [&program, &strict] {
        program.learn(&tokens.access);
        assert_eq!(program.verify_or_stale(&tokens.access), Ok(false));
    }
    redis.kill();
    passes_as_stale(&program, &tokens.access);
    let passed = program.kept().stale_hits;
    let unavailable = |answer: &Result<(), _>| matches!(answer, Err(CommandError::Unavailable(_)));
    assert!(unavailable(&program.verify(&tokens.access).map(drop)));
    // The other program may hear of it later.
    wait_until("it does not pass", SOON, || unavailable(&strict.verify_or_stale(&tokens.access).map(drop)));
    assert_eq!(program.verify_or_stale(&tokens.access), Ok(true));
    assert_eq!(program.kept().stale_hits, passed + 1);
}

#[test]
fn what_was_heard_to_be_void_does_not_pass() {
    let mut redis = Redis::start();
    let program = program(&url(&redis));
    let mut con = redis.connect();
    let [revoked, live] = ["auth:42", "auth:43"].map(|key| con.issue(key, &[]).unwrap());
    program.learn(&revoked.access);
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    // Whoever is asked about something is told of what happened before.
    program.learn(&live.access);
    redis.kill();
    assert!(matches!(program.verify_or_stale(&revoked.access), Err(CommandError::Unavailable(_))));
    passes_as_stale(&program, &live.access);
}

#[test]
fn a_new_connection_begins_with_nothing() {
    let mut redis = Redis::start();
    let program = program(&url(&redis));
    let tokens = redis.connect().issue("auth:42", &[]).unwrap();
    program.learn(&tokens.access);
    // Nothing is persisted.
    redis.kill();
    passes_as_stale(&program, &tokens.access);
    redis.restart();
    wait_until("the connection is back", SOON, || program.kept().is_listening);
    assert_eq!(program.verify_or_stale(&tokens.access), Err(CommandError::NoSession));
    redis.kill();
    assert!(matches!(program.verify_or_stale(&tokens.access), Err(CommandError::Unavailable(_))));
}

#[test]
fn a_network_that_swallows_packets_is_as_good_as_none() {
    let redis = Redis::builder().tcp().start();
    let network = Network::to(redis.port());
    let program = program(&format!("redis://127.0.0.1:{}", network.port()));
    let tokens = redis.connect().issue("auth:42", &[]).unwrap();
    program.learn(&tokens.access);
    network.let_pass(Passing::Nothing);
    passes_as_stale(&program, &tokens.access);
    network.let_pass(Passing::All);
    program.learn(&tokens.access);
    assert_eq!(program.verify_or_stale(&tokens.access), Ok(false));
}

#[test]
fn a_token_does_not_pass_as_stale_beyond_its_expiry_or_its_time() {
    let mut redis = Redis::start();
    let cache = VerifyCache { stale_if_error: Duration::from_secs(3), ..VerifyCache::default() };
    let short = Program::with(&url(&redis), cache);
    let long = program(&url(&redis));
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    short.learn(&tokens.access);
    // For as long as a busy machine may need to learn it.
    let expiring = con.issue("auth:43", &["ACCESSTTL", "8"]).unwrap();
    long.learn(&expiring.access);
    redis.kill();
    for (program, token) in [(&short, &tokens.access), (&long, &expiring.access)] {
        wait_until("it passes no longer", SOON, || program.verify_or_stale(token).is_err());
    }
}

#[test]
fn a_refusal_is_not_an_absence() {
    let redis = Redis::builder().tcp().start();
    let mut con = redis.connect();
    let user = ["ACL", "SETUSER", "some", "reset", "on", ">secret", "~*", "+@all"];
    con.get::<()>(&user);
    let program = program(&format!("redis://some:secret@127.0.0.1:{}", redis.port()));
    let tokens = con.issue("auth:42", &[]).unwrap();
    program.learn(&tokens.access);
    con.get::<()>(&["ACL", "SETUSER", "some", "-auth.verify", "-info", "-role"]);
    wait_until("it does not pass", SOON, || program.verify_or_stale(&tokens.access).is_err());
}
