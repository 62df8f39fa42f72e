//! The estimated numbers of users and sessions in `INFO hallpass`.

use std::time::Duration;

use crate::support::{clock::Clocked, *};

/// Returns users, sessions, and the number of keys that these rest on, from one answer.
fn estimates(con: &mut Con) -> [u64; 3] {
    let text: String = con.get(&["INFO", "hallpass"]);
    ["users_estimate", "sessions_estimate", "estimate_keys"].map(|field| {
        let start = format!("hallpass_{field}:");
        let number = text.lines().find_map(|line| line.strip_prefix(&start));
        number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no {field}: {text}"))
    })
}

/// Waits for exact numbers: INFO looks at some keys every 100 ms only.
#[track_caller]
fn become_exactly(con: &mut Con, expected: [u64; 3]) {
    let mut seen = [0; 3];
    let reached = || {
        seen = estimates(con);
        seen == expected
    };
    wait_until(&format!("the estimates are {expected:?}"), SOON, reached);
}

/// Adds `users` with one session each, and as many keys of other kinds.
fn fill(con: &mut Con, users: usize) {
    for user in 0..users {
        con.issue(&format!("auth:{user}"), &[]).unwrap();
        con.get::<()>(&["SET", &format!("other:{user}"), "x"]);
    }
}

#[test]
fn a_small_database_is_counted_exactly() {
    let redis = Redis::start();
    let mut con = redis.connect();
    assert_eq!(estimates(&mut con), [0, 0, 0]);
    for user in ["a", "b", "c"] {
        con.issue(&format!("auth:{user}"), &[]).unwrap();
    }
    con.issue("auth:c", &[]).unwrap();
    become_exactly(&mut con, [3, 4, 3]);
    con.get::<()>(&["SET", "other", "x"]);
    con.get::<()>(&["SET", "auth:text", "x"]);
    con.get::<i64>(&["HSET", "auth:hash", "name", "x", "0199d1c8-6f2a-7b3c-8d4e-5f60718293a4", "x"]);
    con.get::<()>(&["COPY", "auth:a", "elsewhere"]);
    become_exactly(&mut con, [3, 4, 7]);
    con.get::<i64>(&["AUTH.REVOKE", "auth:c", "ALL"]);
    become_exactly(&mut con, [2, 2, 6]);
    con.get::<()>(&["FLUSHALL"]);
    assert_eq!(estimates(&mut con), [0, 0, 0], "at once");
}

#[test]
fn ended_sessions_that_are_still_stored_do_not_count() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    for user in ["auth:a", "auth:b"] {
        con.issue(user, &["IDLETTL", "60"]).unwrap();
    }
    con.issue("auth:a", &["IDLETTL", "6000"]).unwrap();
    con.get::<()>(&["PERSIST", "auth:b"]);
    become_exactly(&mut con, [2, 3, 2]);
    clocked.forward(Duration::from_secs(600));
    become_exactly(&mut con, [1, 1, 2]);
    assert_eq!((con.records("auth:a").len(), con.records("auth:b").len()), (2, 1));
    let later = (con.now_ms() / 1000 + 2).to_string();
    con.get::<()>(&["CONFIG", "SET", "hallpass.not-before", &later]);
    become_exactly(&mut con, [0, 0, 2]);
}

/// Several looks make a whole pass here.
#[test]
fn a_pass_through_a_thousand_keys_is_exact() {
    let redis = Redis::start();
    let mut con = redis.connect();
    fill(&mut con, 150);
    become_exactly(&mut con, [150, 150, 300]);
    for user in 0..50 {
        con.issue(&format!("auth:{user}"), &[]).unwrap();
        con.get::<i64>(&["DEL", &format!("other:{user}")]);
    }
    become_exactly(&mut con, [150, 200, 250]);
}

/// By Hoeffding's inequality, an estimate from 1,024 keys is wrong by a ninth of the keys in one of 10^10 runs.
#[test]
fn a_larger_database_is_estimated_from_a_sample() {
    let redis = Redis::start();
    let mut con = redis.connect();
    fill(&mut con, 1500);
    let [users, sessions, _] = wait_for("the sample is whole", SOON, || {
        Some(estimates(&mut con)).filter(|[_, _, keys]| *keys == 1024)
    });
    assert!(users.abs_diff(1500) <= 333, "{users}");
    assert_eq!(sessions, users, "each has one");
}

#[test]
fn the_sessions_of_a_large_hash_are_estimated_from_some() {
    let redis = Redis::with(&["hallpass.session-limit 0"]);
    let mut con = redis.connect();
    for _ in 0..3000 {
        con.issue("auth:many", &[]).unwrap();
    }
    become_exactly(&mut con, [1, 3000, 1]);
}

#[test]
fn every_database_counts() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.issue("auth:a", &[]).unwrap();
    con.get::<()>(&["SELECT", "3"]);
    con.issue("auth:a", &[]).unwrap();
    con.issue("auth:b", &[]).unwrap();
    become_exactly(&mut con, [3, 3, 3]);
    con.get::<()>(&["FLUSHDB"]);
    become_exactly(&mut con, [1, 1, 1]);
}

#[test]
fn looking_at_a_key_is_no_access() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.issue("auth:a", &[]).unwrap();
    let lookups = |con: &mut Con| -> Vec<String> {
        let stats: String = con.get(&["INFO", "stats"]);
        stats.lines().filter(|line| line.starts_with("keyspace_")).map(str::to_owned).collect()
    };
    let before = lookups(&mut con);
    assert!(!before.is_empty());
    become_exactly(&mut con, [1, 1, 1]);
    assert_eq!(lookups(&mut con), before);
}

#[test]
fn a_replica_leaves_them_to_its_primary() {
    let primary = Redis::builder().tcp().start();
    primary.connect().issue("auth:a", &[]).unwrap();
    let replica = Redis::replica_of(&primary);
    let mut con = replica.connect();
    assert!(!con.get::<String>(&["INFO", "hallpass"]).contains("estimate"));
    con.get::<()>(&["REPLICAOF", "NO", "ONE"]);
    become_exactly(&mut con, [1, 1, 1]);
}
