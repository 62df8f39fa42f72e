//! Memory at its limit with each of Redis' eviction policies. Evicted sessions are NOSESSION; the rest goes on.

use crate::support::*;

/// The policies with which Redis evicts keys.
const EVICTING: [&str; 7] = [
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
];
/// Users that log in, and how much room they have together: about half of them fit.
const USERS: usize = 1000;
const ROOM: i64 = 1_000_000;

/// Returns a number in a section of INFO.
fn number(con: &mut Con, section: &str, field: &str) -> i64 {
    let text: String = con.get(&["INFO", section]);
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{field}:")));
    line.expect("the field").trim().parse().expect("a number")
}

/// Leaves room for this many bytes; with a negative number, memory is more than full.
fn leave_room(con: &mut Con, bytes: i64) {
    let limit = number(con, "memory", "used_memory") + bytes;
    con.get::<()>(&["CONFIG", "SET", "maxmemory", &limit.to_string()]);
}

/// Starts a Redis with room for this many bytes of sessions. The module's own tables are allocated before, and do not
/// grow.
fn redis(policy: &str) -> (Redis, Con) {
    let redis = Redis::with(&[&format!("maxmemory-policy {policy}"), "hallpass.verify-cache-bytes 0"]);
    let mut con = redis.connect();
    let first = con.issue("auth:first", &[]).unwrap();
    let next = con.refresh("auth:first", &first.refresh, &[]).unwrap();
    con.verify("auth:first", &next.access, &[]).unwrap();
    con.get::<i64>(&["AUTH.REVOKE", "auth:first", "ALL"]);
    leave_room(&mut con, ROOM);
    (redis, con)
}

/// Logs a user in, with a kilobyte of metadata.
fn log_in(con: &mut Con, user: usize) -> Answer<(String, Tokens)> {
    let (key, meta) = (format!("auth:{user}"), format!(r#"{{"ua":"{}"}}"#, "x".repeat(1000)));
    let tokens = con.issue(&key, &["META", &meta])?;
    Ok((key, tokens))
}

/// Returns the next tokens of a session, unless it was evicted. There is no third outcome.
fn refresh(con: &mut Con, (key, held): &(String, Tokens)) -> Option<(String, Tokens)> {
    match con.refresh(key, &held.refresh, &[]) {
        Ok(next) => Some((key.clone(), next)),
        Err(refusal) => {
            assert_eq!(refusal.code, "NOSESSION");
            None
        }
    }
}

/// Lets all users log in and refresh while memory is full, and once more afterwards. Returns how many were evicted.
fn drill(policy: &str) -> usize {
    let (_redis, mut con) = redis(policy);
    assert!(con.info("warnings").contains("maxmemory-policy"), "{policy}");
    let logins: Vec<_> = (0..USERS).map(|user| log_in(&mut con, user).unwrap()).collect();
    let there: Vec<_> = logins.iter().filter_map(|login| refresh(&mut con, login)).collect();
    con.get::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    let keys: i64 = con.get(&["DBSIZE"]);
    let left: Vec<_> = there.iter().filter_map(|login| refresh(&mut con, login)).collect();
    assert_eq!(i64::try_from(left.len()).unwrap(), keys, "who has a key has a session");
    for (key, held) in &left {
        con.verify(key, &held.access, &[]).unwrap();
    }
    assert_eq!((con.counter("reused"), con.counter("recovered")), (0, 0), "{policy}");
    USERS - left.len()
}

/// Seen to fail if a missing session is taken for reuse.
#[test]
fn evicted_sessions_are_gone_and_nothing_else_happens_to_anybody() {
    for policy in EVICTING {
        let evicted = drill(policy);
        assert!((100..USERS).contains(&evicted), "{policy}: {evicted}");
    }
}

/// Seen to fail with AUTH.REFRESH marked `deny-oom`.
#[test]
fn with_noeviction_nobody_is_evicted_and_everything_but_new_data_goes_on() {
    let (_redis, mut con) = redis("noeviction");
    assert!(!con.info("warnings").contains("maxmemory-policy"));
    let mut logins = vec![];
    let full = (0..).find_map(|user| log_in(&mut con, user).map(|login| logins.push(login)).err());
    assert_eq!(full.unwrap().code, "OOM");
    leave_room(&mut con, -ROOM / 4);
    for (key, held) in &logins {
        assert_eq!(refused(con.run(&["AUTH.SETCLAIMS", key, "ALL", "{}"])), "OOM");
        let next = con.refresh(key, &held.refresh, &[]).unwrap();
        con.verify(key, &next.access, &[]).unwrap();
    }
    assert_eq!(number(&mut con, "stats", "evicted_keys"), 0);
    let enough = logins.len() / 2;
    for (key, _) in &logins[..enough] {
        assert_eq!(con.get::<u64>(&["AUTH.REVOKE", key, "ALL"]), 1);
    }
    wait_until("logging out made room", SOON, || log_in(&mut con, 0).is_ok());
}
