//! AUTH commands inside MULTI/EXEC, scripts and functions.

use crate::support::*;

#[test]
fn they_compose_in_a_transaction() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let mut raw = redis.raw();
    raw.call(&["MULTI"]);
    for command in [
        &["AUTH.ISSUE", "auth:43"][..],
        &["AUTH.REFRESH", "auth:42", &tokens.refresh],
        &["AUTH.REFRESH", "auth:42", &tokens.refresh],
        &["AUTH.VERIFY", "auth:42", &tokens.access],
        &["AUTH.VERIFY", "auth:42", "x"],
        &["SET", "order", "1"],
        &["AUTH.JWKS"],
    ] {
        assert_eq!(raw.call(command).text(), "QUEUED");
    }
    let replies = raw.call(&["EXEC"]);
    let replies = replies.items();
    assert_eq!(replies.len(), 7);
    assert_eq!(replies[1].member("refresh_token"), replies[2].member("refresh_token"));
    assert_eq!(replies[4].error_code(), "INVALIDTOKEN");
    assert_eq!(replies[5].text(), "OK");
    assert_eq!(con.records("auth:43").len(), 1);
}

#[test]
fn a_refused_login_does_not_undo_the_other_commands_of_a_transaction() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.issue("auth:42", &[]).unwrap();
    let mut raw = redis.raw();
    raw.call(&["MULTI"]);
    raw.call(&["SET", "before", "1"]);
    raw.call(&["AUTH.ISSUE", "auth:42", "LIMIT", "1", "REJECT"]);
    raw.call(&["SET", "behind", "1"]);
    let replies = raw.call(&["EXEC"]);
    let codes: Vec<bool> = replies.items().iter().map(Reply::has_error).collect();
    assert_eq!(codes, [false, true, false]);
    assert_eq!(con.get::<i64>(&["EXISTS", "before", "behind"]), 2);
}

#[test]
fn a_script_that_issues_first_writes_nothing_when_the_login_is_refused() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.issue("auth:42", &[]).unwrap();
    let script = "redis.call('AUTH.ISSUE', KEYS[1], 'LIMIT', '1', 'REJECT') redis.call('SET', KEYS[2], '1')";
    assert_eq!(refused(con.run(&["EVAL", script, "2", "auth:42", "order"])), "SESSIONLIMIT");
    assert_eq!(con.get::<i64>(&["EXISTS", "order"]), 0);
}

#[test]
fn a_discarded_transaction_leaves_no_session() {
    let redis = Redis::start();
    let mut raw = redis.raw();
    raw.call(&["MULTI"]);
    raw.call(&["AUTH.ISSUE", "auth:42"]);
    raw.call(&["DISCARD"]);
    assert!(redis.connect().records("auth:42").is_empty());
}

#[test]
fn a_watched_session_aborts_a_transaction_when_it_is_refreshed() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let mut raw = redis.raw();
    raw.call(&["WATCH", "auth:42"]);
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    raw.call(&["MULTI"]);
    raw.call(&["SET", "a", "b"]);
    assert_eq!(raw.call(&["EXEC"]), Reply::Nil);
}

#[test]
fn a_script_that_may_write_may_issue_and_refresh() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let script = "local t = redis.call('AUTH.ISSUE', KEYS[1], 'CLASS', 'web')
        local map = {}
        for i = 1, #t, 2 do map[t[i]] = t[i + 1] end
        return redis.call('AUTH.REFRESH', KEYS[1], map.refresh_token)";
    let reply = con.run(&["EVAL", script, "1", "auth:42"]).unwrap();
    let tokens = Tokens::from_reply(&reply);
    assert_eq!(tokens.generation(), 1);
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
}

#[test]
fn a_read_only_script_may_verify_and_nothing_more() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let before = con.records("auth:42");
    let run = |con: &mut Con, body: &str| {
        con.run(&["EVAL_RO", body, "1", "auth:42", &tokens.access, &tokens.refresh])
    };
    run(&mut con, "return redis.call('AUTH.VERIFY', KEYS[1], ARGV[1])").unwrap();
    run(&mut con, "return redis.call('AUTH.JWKS')").unwrap();
    run(&mut con, "return redis.call('AUTH.REFRESH', KEYS[1], ARGV[2])").unwrap_err();
    run(&mut con, "return redis.call('AUTH.ISSUE', KEYS[1])").unwrap_err();
    assert_eq!(con.records("auth:42"), before);
}

#[test]
fn a_script_sees_the_error_code() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let script = "return redis.pcall('AUTH.VERIFY', KEYS[1], 'x')['err']";
    let text: String = con.get(&["EVAL", script, "1", "auth:42"]);
    assert!(text.starts_with("INVALIDTOKEN "), "{text}");
    let raised = con.run(&["EVAL", "return redis.call('AUTH.VERIFY', KEYS[1], 'x')", "1", "auth:42"]);
    assert_eq!(refused(raised), "INVALIDTOKEN");
}

#[test]
fn a_script_can_ask_for_maps() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let script = "redis.setresp(3); return redis.call('AUTH.ISSUE', KEYS[1])['map']['session_id']";
    let sid: String = con.get(&["EVAL", script, "1", "auth:42"]);
    assert!(con.records("auth:42").contains_key(&sid));
}

#[test]
fn functions_may_use_them() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let library = "#!lua name=login
        redis.register_function('login', function(keys) return redis.call('AUTH.ISSUE', keys[1]) end)
        redis.register_function{function_name='check', callback=function(keys, args)
            return redis.call('AUTH.VERIFY', keys[1], args[1]) end, flags={'no-writes'}}";
    con.get::<String>(&["FUNCTION", "LOAD", library]);
    let tokens = Tokens::from_reply(&con.run(&["FCALL", "login", "1", "auth:42"]).unwrap());
    let text: String = con.get(&["FCALL_RO", "check", "1", "auth:42", &tokens.access]);
    assert!(text.contains(&tokens.session_id));
}

#[test]
fn effects_inside_a_transaction_reach_the_append_only_file_once() {
    let mut redis = Redis::with(&["appendonly yes", "appendfsync always"]);
    let mut con = redis.connect();
    let script =
        "redis.call('AUTH.ISSUE', KEYS[1]); redis.call('AUTH.ISSUE', KEYS[1], 'LIMIT', '1'); return 1";
    con.get::<i64>(&["EVAL", script, "1", "auth:42"]);
    let before = (con.records("auth:42"), con.expires_at("auth:42"));
    assert_eq!(before.0.len(), 1);
    redis.restart();
    let mut con = redis.connect();
    assert_eq!((con.records("auth:42"), con.expires_at("auth:42")), before);
}
