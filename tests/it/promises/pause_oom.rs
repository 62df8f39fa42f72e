//! A server that may not write: paused, or out of memory.

use std::time::Duration;

use crate::support::*;

/// Long enough to see that no answer comes.
const A_MOMENT: Duration = Duration::from_millis(300);

#[test]
fn under_client_pause_write_reads_answer_and_writes_wait() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let idle = con.issue("auth:42", &["IDLETTL", "1", "ACCESSTTL", "1"]).unwrap();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let stale = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    let last = con.refresh("auth:42", &stale.refresh, &[]).unwrap();
    con.get::<i64>(&["HSET", "auth:42", "01890a5d-ac96-774b-bcce-b302099a8057", "unreadable"]);
    con.let_pass(Duration::from_millis(1100));
    let run_id = con.run_id();
    con.get::<()>(&["CLIENT", "PAUSE", "600000", "WRITE"]);

    for _ in 0..2 {
        con.verify("auth:42", &last.access, &[]).unwrap();
    }
    assert_eq!(refused(con.verify("auth:42", &idle.access, &[])), "EXPIREDTOKEN");
    assert_eq!(refused(con.verify("auth:42", "x", &[])), "INVALIDTOKEN");
    con.jwks();
    con.get::<String>(&["INFO", "hallpass"]);
    let script = "return redis.call('AUTH.VERIFY', KEYS[1], ARGV[1])";
    con.get::<String>(&["EVAL_RO", script, "1", "auth:42", &last.access]);

    let mut waiting: Vec<Raw> = (0..5).map(|_| redis.raw()).collect();
    waiting[0].send(&["AUTH.ISSUE", "auth:42", "LIMIT", "3"]);
    waiting[1].send(&["AUTH.REFRESH", "auth:42", &last.refresh]);
    waiting[2].send(&["AUTH.REFRESH", "auth:42", &tokens.refresh]);
    waiting[3].send(&["AUTH.REFRESH", "auth:42", &idle.refresh]);
    waiting[4].send(&["EVAL", "return redis.call('AUTH.ISSUE', KEYS[1])", "1", "auth:43"]);
    for raw in &mut waiting {
        assert_eq!(raw.reply_within(A_MOMENT), None);
    }
    con.get::<()>(&["CLIENT", "UNPAUSE"]);
    let replies: Vec<Reply> = waiting.iter_mut().map(Raw::reply).collect();
    assert!(matches!(&replies[0], Reply::Array(_)) && matches!(&replies[4], Reply::Array(_)), "{replies:?}");
    assert_eq!(con.run_id(), run_id, "no assertion failed");
}

#[test]
fn under_client_pause_all_every_command_waits() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let mut verifying = redis.raw();
    let mut refreshing = redis.raw();
    con.get::<()>(&["CLIENT", "PAUSE", "600", "ALL"]);
    verifying.send(&["AUTH.VERIFY", "auth:42", &tokens.access]);
    refreshing.send(&["AUTH.REFRESH", "auth:42", &tokens.refresh]);
    assert!(matches!(verifying.reply(), Reply::Bulk(_)));
    assert!(matches!(refreshing.reply(), Reply::Array(_)));
}

#[test]
fn at_maxmemory_refresh_works_and_issue_is_refused() {
    let redis = Redis::with(&["maxmemory-policy noeviction"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["CLAIMS", r#"{"a":1}"#]).unwrap();
    let before = con.records("auth:42");
    con.get::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(refused(con.issue("auth:42", &[])), "OOM");
    assert_eq!(refused(con.run(&["SET", "x", "y"])), "OOM");
    assert_eq!(con.records("auth:42"), before);

    let second = con.refresh("auth:42", &first.refresh, &["META", r#"{"a":1}"#]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &third.refresh, &[])), "NOSESSION");
    con.jwks();
    con.get::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    con.issue("auth:42", &[]).unwrap();
}

#[test]
fn with_too_few_replicas_writes_are_refused_and_reads_served() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let before = con.records("auth:42");
    con.get::<()>(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    assert_eq!(refused(con.issue("auth:42", &[])), "NOREPLICAS");
    assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "NOREPLICAS");
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    assert_eq!(con.records("auth:42"), before);
}
