//! The storage of sessions in Redis: its size, its place, and a full memory.

use std::time::Duration;

use super::*;
use crate::support::clock::Clocked;

// better-auth#11022, #10992, #3819, spring-session#2230
#[test]
fn there_is_no_index_that_could_leak_or_be_corrupted() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    for user in 0..20 {
        let key = format!("auth:{user}");
        let tokens = con.issue(&key, &["IDLETTL", "900"]).unwrap();
        con.issue(&key, &[]).unwrap();
        con.refresh(&key, &tokens.refresh, &[]).unwrap();
    }
    assert_eq!(con.get::<i64>(&["DBSIZE"]), 20, "one key per user, and no other");
    clocked.forward(Duration::from_secs(1_000));
    for user in 0..20 {
        let key = format!("auth:{user}");
        let listed: Vec<redis::Value> = con.get(&["AUTH.SESSIONS", &key]);
        assert_eq!((listed.len(), con.records(&key).len()), (1, 2));
        con.issue(&key, &[]).unwrap();
        assert_eq!(con.records(&key).len(), 2, "the expired one made room");
        con.get::<i64>(&["AUTH.REVOKE", &key, "ALL"]);
    }
    assert_eq!(con.get::<i64>(&["DBSIZE"]), 0, "nothing is left behind");
}

// spring-data-redis#1713, spring-session#1646
#[test]
fn every_command_of_a_user_stays_in_one_slot_of_a_cluster() {
    let redis = cluster_of_one(&["hallpass.key-pattern auth:{*}"]);
    let mut con = redis.connect();
    for user in 0..50 {
        let key = format!("auth:{{{user}}}");
        let tokens = con.issue(&key, &["LIMIT", "2"]).unwrap();
        let next = con.refresh(&key, &tokens.refresh, &["ACCESS", &tokens.access]).unwrap();
        con.verify(&key, &next.access, &[]).unwrap();
        con.get::<i64>(&["AUTH.SETCLAIMS", &key, "ALL", "{}"]);
        con.get::<redis::Value>(&["AUTH.INSPECT", &key, &next.refresh]);
        con.get::<redis::Value>(&["AUTH.SESSIONS", &key]);
        // The user's own keys can share the slot, and the transaction.
        let mut raw = redis.raw();
        raw.call(&["MULTI"]);
        raw.call(&["SET", &format!("profile:{{{user}}}"), "x"]);
        raw.call(&["AUTH.ISSUE", &key, "LIMIT", "1"]);
        raw.call(&["AUTH.REVOKE", &key, "ALL"]);
        let replies = raw.call(&["EXEC"]);
        assert!(!replies.has_error() && replies.items().len() == 3, "{replies:?}");
    }
    let errors: String = con.get(&["INFO", "errorstats"]);
    assert!(!errors.contains("CROSSSLOT") && !errors.contains("MOVED"), "{errors}");
}

/// Returns a cluster of one node, which has all slots.
fn cluster_of_one(lines: &[&str]) -> Redis {
    let redis = Redis::builder().cluster_node().lines(lines).start();
    let mut con = redis.connect();
    con.get::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    let is_ok = |con: &mut Con| con.get::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:ok");
    wait_until("the cluster is ready", SOON, || is_ok(&mut con));
    redis
}

// jwt_sessions#100, #146
#[test]
fn listing_and_revoking_scan_nothing() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for user in 0..100 {
        con.issue(&format!("auth:{user}"), &[]).unwrap();
    }
    let one = con.issue("auth:42", &[]).unwrap();
    let mut monitor = redis.raw();
    monitor.call(&["MONITOR"]);
    con.get::<redis::Value>(&["AUTH.SESSIONS", "auth:42", "WITHCLAIMS"]);
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "SESSION", &one.session_id]);
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    con.get::<String>(&["PING", "the end"]);
    let mut seen = vec![];
    while !seen.last().is_some_and(|line: &String| line.contains("the end")) {
        seen.push(monitor.reply().text());
    }
    // MONITOR does not show the commands themselves, but it shows their inner calls.
    let names: Vec<&str> = seen.iter().filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(names, ["PUBLISH", "PUBLISH", "PING"]);
}

// hydra#1574
#[test]
fn keys_and_memory_do_not_grow_over_a_thousand_rotations() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut tokens = con.issue("auth:42", &["META", r#"{"ua":"first"}"#]).unwrap();
    let size = |con: &mut Con| -> [i64; 3] {
        [con.get(&["DBSIZE"]), con.get(&["HLEN", "auth:42"]), con.get(&["MEMORY", "USAGE", "auth:42"])]
    };
    let before = size(&mut con);
    for _ in 0..1000 {
        let next = con.refresh("auth:42", &tokens.refresh, &["META", r#"{"ua":"other"}"#]).unwrap();
        con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
        con.verify("auth:42", &next.access, &[]).unwrap();
        tokens = next;
    }
    assert_eq!(size(&mut con), before);
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    assert_eq!(con.get::<i64>(&["DBSIZE"]), 0, "no list of what was revoked");
    assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "NOSESSION");
}

// fedora-homelab-containers#152
#[test]
fn a_redis_that_may_evict_sessions_warns() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for policy in
        ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-ttl", "noeviction"]
    {
        con.get::<()>(&["CONFIG", "SET", "maxmemory-policy", policy]);
        let warns = con.info("warnings").contains("maxmemory-policy is not noeviction");
        assert_eq!(warns, policy != "noeviction", "{policy}");
    }
}

// cuttle#1365
#[test]
fn a_login_that_cannot_be_stored_does_not_pretend_to_succeed() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.get::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(refused(con.issue("auth:43", &[])), "OOM");
    assert_eq!(con.counter("issued"), 1);
    let next = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    con.verify("auth:42", &next.access, &[]).unwrap();
    assert_eq!(con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]), 1, "logging out works");
    assert_eq!(refused(con.verify("auth:42", &next.access, &[])), "NOSESSION");
}
