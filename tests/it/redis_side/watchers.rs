//! Watchers of a user's key are notified of each change, as with the commands that write hashes, and of nothing else.

use crate::support::*;

/// Returns the keyspace events of `auth:42` that `work` causes.
fn told(work: impl FnOnce(&mut Con)) -> Vec<String> {
    let redis = Redis::with(&["notify-keyspace-events Kgh"]);
    let mut raw = redis.raw();
    raw.call(&["SUBSCRIBE", "__keyspace@0__:auth:42", "the end"]);
    raw.reply();
    let mut con = redis.connect();
    work(&mut con);
    con.get::<i64>(&["PUBLISH", "the end", "that is all"]);
    let messages = std::iter::from_fn(|| Some(raw.reply().items()[2].text()));
    messages.take_while(|text| text != "that is all").collect()
}

#[test]
fn keyspace_events_are_those_of_the_commands_that_have_this_effect() {
    let events = told(|con| {
        let one = con.issue("auth:42", &[]).unwrap();
        con.refresh("auth:42", &one.refresh, &[]).unwrap();
        con.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", "ALL", "{}"]);
        let two = con.issue("auth:42", &[]).unwrap();
        con.get::<i64>(&["AUTH.REVOKE", "auth:42", "SESSION", &two.session_id]);
        con.get::<i64>(&["AUTH.REVOKE", "auth:42", "SESSION", &one.session_id]);
    });
    assert_eq!(events, ["hset", "expire", "hset", "hset", "hset", "hdel", "hdel", "del"]);
    let events = told(|con| {
        con.issue("auth:42", &[]).unwrap();
        con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    });
    assert_eq!(events, ["hset", "expire", "del"]);
}

/// Seen to fail if every key that was opened for writing counts as changed.
#[test]
fn a_command_that_changes_nothing_breaks_no_transaction_and_notifies_nobody() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let unchanged: [(&str, &[&str]); 5] = [
        ("a retry", &["AUTH.REFRESH", "auth:42", &first.refresh]),
        ("a forgery", &["AUTH.REFRESH", "auth:42", "hp1.a.b.c.0.d"]),
        ("a login that is refused", &["AUTH.ISSUE", "auth:42", "LIMIT", "1", "REJECT"]),
        (
            "an unknown session",
            &["AUTH.REVOKE", "auth:42", "SESSION", "0190b2c4-7d1a-7abc-8def-000000000000"],
        ),
        ("a look", &["AUTH.VERIFY", "auth:42", &second.access]),
    ];
    for (what, command) in unchanged {
        let mut watcher = redis.raw();
        watcher.call(&["WATCH", "auth:42"]);
        let _ = con.run(command);
        watcher.call(&["MULTI"]);
        watcher.call(&["PING"]);
        assert_eq!(watcher.call(&["EXEC"]).items().len(), 1, "{what}");
    }
}

#[test]
fn a_client_side_cache_is_told_of_a_refresh() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let mut cache = redis.raw().resp3();
    cache.call(&["CLIENT", "TRACKING", "ON"]);
    cache.call(&["HGETALL", "auth:42"]);
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    let told = cache.reply();
    assert_eq!(told.items()[0].text(), "invalidate");
    assert_eq!(told.items()[1].items()[0].text(), "auth:42");
}
