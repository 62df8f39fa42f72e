//! Shared sessions after a failover, on replicas, in the append-only file and in a cluster.

use std::time::Duration;

use crate::support::{clock::Clocked, cluster::Cluster, *};

#[test]
fn a_failover_that_loses_a_rotation_logs_no_holder_out() {
    let redis = Redis::with(&["hallpass.access-ttl 1"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["SHARED", "2"]).unwrap();
    let backup = con.records("auth:42").remove(&first.session_id).unwrap();
    con.let_pass(Duration::from_millis(600));
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.run(&[&b"HSET"[..], b"auth:42", first.session_id.as_bytes(), &backup]).unwrap();
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!((third.generation(), con.counter("recovered")), (2, 1));
    for older in [&first, &second, &third] {
        con.refresh("auth:42", &older.refresh, &[]).unwrap();
    }
    assert_eq!(con.counter("reused"), 0);
}

#[test]
fn a_renewal_is_replicated_as_its_effect() {
    let primary =
        Redis::builder().tcp().lines(&["hallpass.race-window 0", "hallpass.retry-window 0"]).start();
    let replica = Redis::replica_of(&primary);
    let mut con = primary.connect();
    con.get::<()>(&["CONFIG", "SET", "hallpass.access-ttl", "1"]);
    let first = con.issue("auth:42", &["SHARED", "1", "AUTHTIME", "7", "CLIENT", "web", "PUBLIC"]).unwrap();
    con.let_pass(Duration::from_millis(600));
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.let_pass(Duration::from_millis(600));
    let before = con.records("auth:42");
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_ne!(con.records("auth:42"), before, "it began anew");
    assert_eq!((con.counter("refreshed"), con.counter("shared")), (1, 1));
    primary.wait_until_replicated();
    let mut copy = replica.connect();
    assert_eq!(copy.records("auth:42"), con.records("auth:42"));
    let state = replica.raw().call(&["AUTH.INSPECT", "auth:42", &first.refresh]).member("state").text();
    assert_eq!(state, "shared", "a replica tells it too");
}

#[test]
fn what_was_shared_is_shared_after_a_restart() {
    let mut redis = Redis::with(&["appendonly yes", "appendfsync always"]);
    let mut con = redis.connect();
    con.get::<()>(&["CONFIG", "SET", "hallpass.access-ttl", "1"]);
    let first = con.issue("auth:42", &["SHARED", "1"]).unwrap();
    con.let_pass(Duration::from_millis(600));
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.let_pass(Duration::from_millis(600));
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let before = con.records("auth:42");
    redis.restart();
    let mut con = redis.connect();
    assert_eq!(con.records("auth:42"), before);
    assert!(con.refresh("auth:42", &first.refresh, &[]).is_ok());
}

#[test]
fn holders_share_a_session_of_a_cluster() {
    // With these windows an older token would be taken for a retry, not for that of another holder.
    let cluster = Cluster::of(3, &["hallpass.race-window 0", "hallpass.retry-window 0"]);
    let mut con = cluster.connect();
    let first = con.issue("auth:42", &["SHARED", "1", "ACCESSTTL", "1"]).unwrap();
    let begun = std::time::Instant::now();
    wait_until("the token is old enough to rotate", SOON, || {
        begun.elapsed() > Duration::from_millis(600)
            && con.refresh("auth:42", &first.refresh, &[]).unwrap().generation() == 1
    });
    wait_until("an older token renews the session", SOON, || {
        con.refresh("auth:42", &first.refresh, &[]).unwrap();
        let state = con.run(&["AUTH.INSPECT", "auth:42", &first.refresh, "FORMAT", "JSON"]).unwrap();
        redis::from_redis_value::<String>(state).unwrap().contains(r#""state":"shared""#)
    });
}

#[test]
fn a_session_without_a_number_of_its_own_follows_the_setting() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let strict = con.issue("auth:42", &["SHARED", "0"]).unwrap();
    clocked.forward(Duration::from_secs(1_000));
    for token in [&first.refresh, &strict.refresh] {
        let next = con.refresh("auth:42", token, &[]).unwrap();
        con.verify("auth:42", &next.access, &[]).unwrap();
    }
    con.get::<()>(&["CONFIG", "SET", "hallpass.shared", "1"]);
    clocked.forward(Duration::from_secs(2_000));
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &strict.refresh, &[])), "REUSEDTOKEN", "0 is strict");
    con.get::<()>(&["CONFIG", "SET", "hallpass.shared", "0"]);
    clocked.forward(Duration::from_secs(3_000));
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
}
