//! A revoked session stays revoked if Redis kept the write. If it did not, the session is back, and can be ended again.

use std::sync::Mutex;

use super::{
    failover::{cut_off, promote},
    load_clients::{LoadClients, kill},
};
use crate::support::*;

/// The number of times that Redis is killed right after sessions were revoked.
const ROUNDS: usize = 5;
/// The number of answers to clients that only refresh and log in, before the kill.
const ANSWERS: usize = 300;
/// The number of sessions that are revoked in each way, in each round.
const REVOKED: usize = 5;

/// A session whose revocation was acknowledged.
type Revoked = (String, Tokens);

/// Ends sessions in every possible way, for users of this `round`.
fn revoke_in_every_way(con: &mut Con, round: usize) -> Vec<Revoked> {
    let ways = [by_sid, by_token, all, all_but_one, by_reuse];
    let users = (0..REVOKED).flat_map(|user| ways.iter().enumerate().map(move |(way, end)| (user, way, end)));
    let revoked = users.map(|(user, way, end)| {
        let key = format!("auth:revoked-{round}-{way}-{user}");
        let tokens = con.issue(&key, &[]).unwrap();
        end(con, &key, &tokens);
        (key, tokens)
    });
    revoked.collect()
}

fn by_sid(con: &mut Con, key: &str, tokens: &Tokens) {
    assert_eq!(con.get::<u64>(&["AUTH.REVOKE", key, "SESSION", &tokens.session_id]), 1);
}

fn by_token(con: &mut Con, key: &str, tokens: &Tokens) {
    assert_eq!(con.get::<u64>(&["AUTH.REVOKE", key, "TOKEN", &tokens.access]), 1);
}

fn all(con: &mut Con, key: &str, _: &Tokens) {
    assert_eq!(con.get::<u64>(&["AUTH.REVOKE", key, "ALL"]), 1);
}

fn all_but_one(con: &mut Con, key: &str, _: &Tokens) {
    let kept = con.issue(key, &[]).unwrap();
    assert_eq!(con.get::<u64>(&["AUTH.REVOKE", key, "ALL", "EXCEPT", &kept.session_id]), 1);
}

fn by_reuse(con: &mut Con, key: &str, tokens: &Tokens) {
    let next = con.refresh(key, &tokens.refresh, &[]).unwrap();
    con.refresh(key, &next.refresh, &[]).unwrap();
    assert_eq!(refused(con.refresh(key, &tokens.refresh, &[])), "REUSEDTOKEN");
}

/// Asserts that both tokens are refused with `code`.
#[track_caller]
fn refuses(con: &mut Con, (key, tokens): &Revoked, code: &str) {
    assert_eq!(refused(con.refresh(key, &tokens.refresh, &[])), code);
    assert_eq!(refused(con.verify(key, &tokens.access, &[])), code);
}

/// Asserts that a session lives; returns its next tokens.
#[track_caller]
fn lives(con: &mut Con, (key, tokens): &Revoked) -> Revoked {
    con.verify(key, &tokens.access, &[]).unwrap();
    (key.clone(), con.refresh(key, &tokens.refresh, &[]).unwrap())
}

/// Seen to fail with removals that are not replicated.
#[test]
fn with_every_write_on_disk_what_was_revoked_stays_revoked() {
    let mut redis = Redis::with(&["appendonly yes", "appendfsync always"]);
    let mut crowd = LoadClients::log_in(&redis);
    let revoked = Mutex::new(vec![]);
    for round in 0..ROUNDS {
        let revoke_and_kill = |redis: &Redis| {
            let sessions = revoke_in_every_way(&mut redis.connect(), round);
            revoked.lock().unwrap().extend(sessions);
            kill(redis);
        };
        crowd.work(&redis, &[(ANSWERS, &revoke_and_kill)]);
        redis.kill();
        redis.restart();
        let mut con = redis.connect();
        revoked.lock().unwrap().iter().for_each(|session| refuses(&mut con, session, "NOSESSION"));
        crowd.carry_on(&redis);
    }
    assert_eq!(revoked.lock().unwrap().len(), ROUNDS * REVOKED * 5);
}

/// Starts a Redis with a session, and lets its file lose the change that `lost` makes to the session.
fn lose_what(lost: impl Fn(&mut Con, &Revoked)) -> (Redis, Con, Revoked) {
    let mut redis = Redis::with(&["appendonly yes", "appendfsync always"]);
    let mut con = redis.connect();
    let session = ("auth:42".to_owned(), con.issue("auth:42", &[]).unwrap());
    let before = aof::written(&redis);
    lost(&mut con, &session);
    redis.kill();
    aof::shorten_to(&redis, before);
    redis.restart();
    let con = redis.connect();
    (redis, con, session)
}

/// Returns a session that was revoked and came back.
fn brought_back() -> (Redis, Con, Revoked) {
    let (redis, mut con, session) = lose_what(|con, session| {
        all(con, "auth:42", &session.1);
        refuses(con, session, "NOSESSION");
    });
    let session = lives(&mut con, &session);
    (redis, con, session)
}

#[test]
fn a_change_of_claims_that_was_lost_must_be_made_again() {
    let change = ["AUTH.SETCLAIMS", "auth:42", "ALL", r#"{"role":"none"}"#];
    let changed = Mutex::new(None);
    let (_redis, mut con, (key, _)) = lose_what(|con, (key, tokens)| {
        con.get::<u64>(&change);
        *changed.lock().unwrap() = Some(con.refresh(key, &tokens.refresh, &[]).unwrap());
    });
    let held = changed.into_inner().unwrap().unwrap();
    assert_eq!(refused(con.verify(&key, &held.access, &[])), "STALETOKEN");
    let undone = con.refresh(&key, &held.refresh, &[]).unwrap();
    assert!(con.verify(&key, &undone.access, &[]).unwrap().get("role").is_none());
    con.get::<u64>(&change);
    let again = con.refresh(&key, &undone.refresh, &[]).unwrap();
    assert_eq!(con.verify(&key, &again.access, &[]).unwrap()["role"], "none");
    assert_eq!(con.counter("recovered"), 1);
}

/// Seen to fail without the setting.
#[test]
fn not_before_ends_what_a_rollback_brought_back_and_lets_everybody_log_in() {
    let (_redis, mut con, session) = brought_back();
    let next_second = con.now_ms() / 1000 + 1;
    con.get::<()>(&["CONFIG", "SET", "hallpass.not-before", &next_second.to_string()]);
    assert_eq!(refused(con.verify(&session.0, &session.1.access, &[])), "EXPIREDTOKEN");
    assert_eq!(refused(con.refresh(&session.0, &session.1.refresh, &[])), "EXPIREDTOKEN");
    refuses(&mut con, &session, "NOSESSION");
    wait_until("the second begins", SOON, || con.now_ms() / 1000 >= next_second);
    let new = ("auth:42".to_owned(), con.issue("auth:42", &[]).unwrap());
    lives(&mut con, &new);
}

/// Seen to fail without the reload.
#[test]
fn a_refresh_key_that_is_removed_takes_all_its_refresh_tokens_with_it() {
    let (redis, mut con, session) = brought_back();
    let ring = Keyring(vec![redis.ring().key("sig-1").clone(), Key::refresh("ref-2")]);
    ring.write(&redis.path("keyring.json"));
    con.get::<()>(&["AUTH.RELOAD"]);
    assert_eq!(refused(con.refresh(&session.0, &session.1.refresh, &[])), "INVALIDTOKEN");
    con.verify(&session.0, &session.1.access, &[]).unwrap();
    let new = ("auth:42".to_owned(), con.issue("auth:42", &[]).unwrap());
    lives(&mut con, &new);
}

/// Starts a primary and its replica, both with a session.
fn pair() -> (Redis, Redis, Revoked) {
    let primary = Redis::builder().tcp().start();
    let replica = Redis::replica_of(&primary);
    let mut con = primary.connect();
    let session = ("auth:42".to_owned(), con.issue("auth:42", &[]).unwrap());
    assert_eq!(con.get::<i64>(&["WAIT", "1", "30000"]), 1);
    (primary, replica, session)
}

#[test]
fn a_failover_to_a_replica_that_lacks_the_revocation_brings_the_session_back() {
    let (mut primary, replica, session) = pair();
    let mut con = primary.connect();
    cut_off(&primary);
    all(&mut con, "auth:42", &session.1);
    assert_eq!(con.get::<i64>(&["WAIT", "1", "100"]), 0, "which WAIT tells");
    primary.kill();
    lives(&mut promote(&replica), &session);
}

/// Seen to fail without WAIT when the replica was cut off before, and with removals that are not replicated.
#[test]
fn a_revocation_that_wait_confirmed_survives_the_failover() {
    let (mut primary, replica, session) = pair();
    let mut con = primary.connect();
    all(&mut con, "auth:42", &session.1);
    assert_eq!(con.get::<i64>(&["WAIT", "1", "30000"]), 1);
    primary.kill();
    refuses(&mut promote(&replica), &session, "NOSESSION");
}

/// Seen to fail without the setting.
#[test]
fn with_min_replicas_to_write_a_revocation_that_no_replica_would_see_is_refused() {
    let (primary, _replica, session) = pair();
    let mut con = primary.connect();
    con.get::<()>(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    cut_off(&primary);
    assert_eq!(refused(con.run(&["AUTH.REVOKE", "auth:42", "ALL"])), "NOREPLICAS");
    con.verify(&session.0, &session.1.access, &[]).unwrap();
}
