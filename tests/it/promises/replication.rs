//! Replicas: what they hold, what they answer.

use crate::support::*;

/// Returns a primary and a replica of it, in sync.
fn pair() -> (Redis, Redis) {
    let primary = Redis::builder().tcp().start();
    let replica = Redis::replica_of(&primary);
    (primary, replica)
}

/// Waits until the replica has everything that `con` wrote to the primary.
fn caught_up(con: &mut Con) {
    assert_eq!(con.get::<i64>(&["WAIT", "1", "30000"]), 1);
}

#[test]
fn a_replica_holds_the_identical_hash_and_expiry() {
    let (primary, replica) = pair();
    let mut con = primary.connect();
    let mut there = replica.connect();
    let mut tokens = con.issue("auth:42", &["CLAIMS", r#"{"a":1}"#, "META", "{}", "CLASS", "x"]).unwrap();
    con.issue("auth:42", &["IDLETTL", "2000000"]).unwrap();
    for _ in 0..5 {
        tokens = con.refresh("auth:42", &tokens.refresh, &["META", r#"{"b":2}"#]).unwrap();
    }
    con.issue("auth:42", &["LIMIT", "2"]).unwrap();
    caught_up(&mut con);
    assert_eq!(con.records("auth:42").len(), 2);
    assert_eq!(there.records("auth:42"), con.records("auth:42"));
    assert_eq!(there.expires_at("auth:42"), con.expires_at("auth:42"));
    let digest = |con: &mut Con| con.get::<String>(&["DEBUG", "DIGEST"]);
    assert_eq!(digest(&mut there), digest(&mut con));
}

#[test]
fn the_end_of_a_session_reaches_the_replica() {
    let (primary, replica) = pair();
    let mut con = primary.connect();
    con.get::<()>(&["CONFIG", "SET", "hallpass.race-window", "0", "hallpass.retry-window", "0"]);
    let only = con.issue("auth:1", &[]).unwrap();
    con.refresh("auth:1", &only.refresh, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:1", &only.refresh, &[])), "REUSEDTOKEN");
    caught_up(&mut con);
    assert_eq!(replica.connect().get::<i64>(&["EXISTS", "auth:1"]), 0);
}

#[test]
fn verify_and_jwks_work_on_a_replica() {
    let (primary, replica) = pair();
    let mut con = primary.connect();
    let mut there = replica.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    caught_up(&mut con);
    assert_eq!(there.verify("auth:42", &tokens.access, &[]).unwrap(), tokens.claims());
    assert_eq!(there.jwks(), con.jwks());
    let script = "return redis.call('AUTH.VERIFY', KEYS[1], ARGV[1])";
    let text: String = there.get(&["EVAL_RO", script, "1", "auth:42", &tokens.access]);
    assert!(text.contains(&tokens.session_id));
    con.get::<i64>(&["DEL", "auth:42"]);
    caught_up(&mut con);
    assert_eq!(refused(there.verify("auth:42", &tokens.access, &[])), "NOSESSION");
}

#[test]
fn issue_and_refresh_on_a_replica_are_refused_as_read_only() {
    let (primary, replica) = pair();
    let mut con = primary.connect();
    let mut there = replica.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    caught_up(&mut con);
    assert_eq!(refused(there.refresh("auth:42", &tokens.refresh, &[])), "READONLY");
    assert_eq!(refused(there.issue("auth:42", &[])), "READONLY");
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
}

#[test]
fn a_subscriber_on_the_replica_sees_the_events() {
    let (primary, replica) = pair();
    let mut con = primary.connect();
    let mut events = replica.raw();
    events.call(&["SUBSCRIBE", "hallpass:events"]);
    let first = con.issue("auth:42", &[]).unwrap();
    con.issue("auth:42", &["LIMIT", "1"]).unwrap();
    let message = events.reply().items()[2].text();
    assert!(message.contains(&first.session_id), "{message}");
}

#[test]
fn a_promoted_replica_carries_on() {
    let (mut primary, replica) = pair();
    replica.connect().get::<()>(&["CONFIG", "SET", "hallpass.race-window", "60"]);
    let mut con = primary.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let next = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    caught_up(&mut con);
    primary.stop();
    let mut there = replica.connect();
    there.get::<()>(&["REPLICAOF", "NO", "ONE"]);
    there.verify("auth:42", &next.access, &[]).unwrap();
    let again = there.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert_eq!((&again.access, &again.refresh), (&next.access, &next.refresh), "a retry after failover");
    assert_eq!(there.refresh("auth:42", &next.refresh, &[]).unwrap().generation(), 2);
}

#[test]
fn a_failover_that_lost_a_rotation_logs_nobody_out() {
    let (primary, replica) = pair();
    let mut con = primary.connect();
    let mut there = replica.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    caught_up(&mut con);
    there.get::<()>(&["REPLICAOF", "NO", "ONE"]);
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    there.verify("auth:42", &second.access, &[]).unwrap();
    let third = there.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!(third.generation(), 2);
    assert_eq!(there.counter("recovered"), 1);
}

#[test]
fn a_replica_needs_no_keyring_to_hold_the_data() {
    let primary = Redis::builder().tcp().start();
    let replica =
        Redis::builder().without_module().line(&format!("replicaof 127.0.0.1 {}", primary.port())).start();
    let mut con = primary.connect();
    let mut there = replica.connect();
    wait_until("in sync", SOON, || there.get::<String>(&["INFO", "replication"]).contains("status:up"));
    con.issue("auth:42", &[]).unwrap();
    caught_up(&mut con);
    assert_eq!(there.records("auth:42"), con.records("auth:42"));
}
