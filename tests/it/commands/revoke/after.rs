//! After a revocation: access tokens fail at once, also cached ones, and the end survives restarts.

use super::{issued, left, revoke};
use crate::support::*;

#[test]
fn the_unexpired_access_token_fails_at_once() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for form in ["ALL", "SESSION", "TOKEN"] {
        let tokens = issued(&mut con, 1).remove(0);
        let target = match form {
            "ALL" => vec!["ALL"],
            "SESSION" => vec!["SESSION", &tokens.session_id],
            _ => vec!["TOKEN", &tokens.refresh],
        };
        let hits = con.counter("verify_cache_hits");
        con.verify("auth:42", &tokens.access, &[]).unwrap();
        assert_eq!(con.counter("verify_cache_hits"), hits + 1, "it was served from the cache");
        revoke(&mut con, &target);
        assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "NOSESSION", "{form}");
        assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "NOSESSION", "{form}");
        assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "NOSESSION", "{form}: no retry");
    }
}

#[test]
fn logging_in_again_is_a_new_session() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let old = issued(&mut con, 1).remove(0);
    revoke(&mut con, &["ALL"]);
    let new = issued(&mut con, 1).remove(0);
    con.verify("auth:42", &new.access, &[]).unwrap();
    con.refresh("auth:42", &new.refresh, &[]).unwrap();
    assert_eq!(refused(con.verify("auth:42", &old.access, &[])), "NOSESSION");
    assert_eq!(left(&mut con), [new.session_id.as_str()]);
}

#[test]
fn the_expiry_of_the_key_is_not_moved() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = issued(&mut con, 3);
    let before = con.expires_at("auth:42");
    revoke(&mut con, &["SESSION", &tokens[0].session_id]);
    revoke(&mut con, &["ALL", "EXCEPT", &tokens[1].session_id]);
    assert_eq!(con.expires_at("auth:42"), before);
}

#[test]
fn transactions_and_scripts_may_revoke_and_read_only_scripts_may_not() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = issued(&mut con, 3);
    let mut raw = redis.raw();
    raw.call(&["MULTI"]);
    raw.call(&["AUTH.VERIFY", "auth:42", &tokens[0].access]);
    raw.call(&["AUTH.REVOKE", "auth:42", "SESSION", &tokens[0].session_id]);
    raw.call(&["AUTH.VERIFY", "auth:42", &tokens[0].access]);
    let replies = raw.call(&["EXEC"]);
    assert!(matches!(replies.items()[0], Reply::Bulk(_)));
    assert_eq!(replies.items()[1], Reply::Integer(1));
    assert_eq!(replies.items()[2].error_code(), "NOSESSION");

    let script = "return redis.call('AUTH.REVOKE', KEYS[1], 'ALL')";
    con.run(&["EVAL_RO", script, "1", "auth:42"]).unwrap_err();
    assert_eq!(left(&mut con).len(), 2);
    assert_eq!(con.get::<i64>(&["EVAL", script, "1", "auth:42"]), 2);
}

#[test]
fn the_append_only_file_remembers_it() {
    let mut redis = Redis::with(&["appendonly yes", "appendfsync always"]);
    let mut con = redis.connect();
    let tokens = issued(&mut con, 4);
    con.issue("auth:43", &[]).unwrap();
    revoke(&mut con, &["SESSION", &tokens[0].session_id]);
    revoke(&mut con, &["TOKEN", &tokens[1].access]);
    con.get::<i64>(&["AUTH.REVOKE", "auth:43", "ALL"]);
    let before = (con.records("auth:42"), con.expires_at("auth:42"));
    redis.restart();
    let mut con = redis.connect();
    assert_eq!((con.records("auth:42"), con.expires_at("auth:42")), before);
    assert_eq!(left(&mut con).len(), 2);
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:43"]), 0);
}

#[test]
fn logging_out_and_refreshing_work_when_memory_is_full() {
    let redis = Redis::with(&["maxmemory-policy noeviction"]);
    let mut con = redis.connect();
    let tokens = issued(&mut con, 4);
    con.get::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(refused(con.run(&["SET", "x", "y"])), "OOM");
    assert_eq!(refused(con.issue("auth:42", &[])), "OOM");
    let before = con.records("auth:42");
    assert_eq!(refused(con.run(&["AUTH.SETCLAIMS", "auth:42", "ALL", r#"{"a":1}"#])), "OOM");
    assert_eq!(con.records("auth:42"), before);

    let next = con.refresh("auth:42", &tokens[0].refresh, &[]).unwrap();
    assert_eq!(revoke(&mut con, &["TOKEN", &next.refresh]), 1);
    assert_eq!(revoke(&mut con, &["SESSION", &tokens[1].session_id]), 1);
    assert_eq!(revoke(&mut con, &["ALL", "EXCEPT", &tokens[2].session_id]), 1);
    assert_eq!(revoke(&mut con, &["ALL"]), 1);
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:42"]), 0);
}
