//! The ACL roles of docs/security.md: each can do what it says, and nothing else.

use std::fs;

use serde_json::json;

use crate::{
    documents::pages::project_file,
    support::{
        http_server::{ISSUER, Server, directory},
        *,
    },
};

/// The roles that people and their programs log in with.
const ROLES: [&str; 4] = ["verifier", "app", "support", "operator"];

/// Returns the line of a role in the example, without the word `user`.
pub fn role_line(name: &str) -> String {
    let example = project_file("examples/users.acl");
    let line = example
        .lines()
        .filter_map(|line| line.strip_prefix("user "))
        .find(|line| line.split(' ').next() == Some(name));
    line.expect("a role of the example").to_owned()
}

/// Returns the lines of the roles as a file of their own, without the administrator's.
pub fn roles_without_administrator() -> String {
    let example = project_file("examples/users.acl");
    let (administrator, roles) = example.split_once('\n').expect("more than one line");
    assert!(administrator.starts_with("user default "));
    roles.to_owned()
}

/// Returns the line of redis.conf that creates the server's user, with more rights.
pub fn server_user(more: &str) -> String {
    format!("user {} {more}", role_line("server"))
}

/// Commands that could mint, forge, read or destroy sessions, besides the AUTH commands.
const DANGEROUS: [&[&str]; 48] = [
    &["GET", "auth:1"],
    &["SET", "auth:1", "x"],
    &["DEL", "auth:42"],
    &["UNLINK", "auth:42"],
    &["EXPIRE", "auth:42", "1"],
    &["PERSIST", "auth:42"],
    &["TTL", "auth:42"],
    &["EXISTS", "auth:42"],
    &["TYPE", "auth:42"],
    &["HSET", "auth:42", "a", "b"],
    &["HSETNX", "auth:42", "a", "b"],
    &["HINCRBY", "auth:42", "a", "1"],
    &["HGET", "auth:42", "a"],
    &["HGETALL", "auth:42"],
    &["HKEYS", "auth:42"],
    &["HSCAN", "auth:42", "0"],
    &["HRANDFIELD", "auth:42"],
    &["HDEL", "auth:42", "a"],
    &["RENAME", "auth:42", "auth:43"],
    &["COPY", "auth:42", "auth:43"],
    &["DUMP", "auth:42"],
    &["RESTORE", "auth:43", "0", "x"],
    &["MIGRATE", "127.0.0.1", "1", "auth:42", "0", "1"],
    &["SORT", "auth:42"],
    &["OBJECT", "ENCODING", "auth:42"],
    &["EVAL", "return 1", "0"],
    &["EVAL_RO", "return 1", "0"],
    &["EVALSHA", "0000000000000000000000000000000000000000", "0"],
    &["FCALL", "f", "0"],
    &["FUNCTION", "LIST"],
    &["SCRIPT", "FLUSH"],
    &["CONFIG", "GET", "hallpass.*"],
    &["CONFIG", "SET", "hallpass.recovery", "yes"],
    &["MODULE", "LIST"],
    &["MODULE", "UNLOAD", "hallpass"],
    &["ACL", "LIST"],
    &["ACL", "SETUSER", "app", "+@all"],
    &["KEYS", "*"],
    &["SCAN", "0"],
    &["RANDOMKEY"],
    &["MONITOR"],
    &["SLOWLOG", "GET"],
    &["DEBUG", "SLEEP", "0"],
    &["CLIENT", "LIST"],
    &["PUBLISH", "hallpass:events", "x"],
    &["PSUBSCRIBE", "*"],
    &["FLUSHALL"],
    &["SHUTDOWN", "NOSAVE"],
];

/// Creates the documented role and connects as that user.
fn role(redis: &Redis, name: &str) -> Con {
    user(redis, &role_line(name))
}

/// Creates the user of this line, or replaces it, and connects as that user.
fn user(redis: &Redis, line: &str) -> Con {
    let words: Vec<&str> = line.split(' ').collect();
    redis.connect().get::<()>(&[&["ACL", "SETUSER", words[0], "reset"], &words[1..]].concat());
    redis.connect_as(words[0], "secret")
}

/// Returns every AUTH command, ready to succeed for the subject 42; those that end sessions come last.
fn auth_commands(tokens: &Tokens) -> Vec<Vec<&str>> {
    vec![
        vec!["AUTH.VERIFY", "auth:42", &tokens.access],
        vec!["AUTH.INSPECT", "auth:42", &tokens.refresh],
        vec!["AUTH.SESSIONS", "auth:42"],
        vec!["AUTH.REFRESH", "auth:42", &tokens.refresh],
        vec!["AUTH.ISSUE", "auth:42", "LIMIT", "50"],
        vec!["AUTH.SETCLAIMS", "auth:42", "ALL", "{}"],
        vec!["AUTH.REVOKE", "auth:42", "TOKEN", &tokens.access],
        vec!["AUTH.KEYS"],
        vec!["AUTH.JWKS"],
        vec!["AUTH.RELOAD"],
    ]
}

/// Asserts that a role can run exactly the AUTH commands that its line names, and none of the others.
#[track_caller]
fn can_do_exactly_what_it_says(name: &str) {
    let redis = Redis::start();
    let mut con = redis.connect();
    let (line, mut user) = (role_line(name), role(&redis, name));
    for index in 0..10 {
        let tokens = con.issue("auth:42", &[]).unwrap();
        let before = con.records("auth:42");
        let command = &auth_commands(&tokens)[index];
        let is_named = line.split(' ').any(|word| word == format!("+{}", command[0].to_lowercase()));
        match user.run(command) {
            Ok(_) => assert!(is_named, "{} can be run", command[0]),
            Err(refusal) => {
                assert_eq!(refusal.code, "NOPERM", "{command:?}");
                assert!(!is_named, "{} cannot be run: {refusal:?}", command[0]);
                assert_eq!(con.records("auth:42"), before, "{command:?}");
            }
        }
        if command.len() > 1 {
            let elsewhere = [&command[..1], &["other:42"], &command[2..]].concat();
            assert_eq!(refused(user.run(&elsewhere)), "NOPERM", "{elsewhere:?}");
        }
    }
    con.issue("auth:42", &[]).unwrap();
    let before = (con.records("auth:42"), con.expires_at("auth:42"));
    for command in DANGEROUS {
        assert_eq!(refused(user.run(command)), "NOPERM", "{command:?}");
    }
    assert_eq!((con.records("auth:42"), con.expires_at("auth:42")), before);
    assert_eq!(con.get::<i64>(&["DBSIZE"]), 1);
}

#[test]
fn a_verifier_verifies_and_nothing_else() {
    can_do_exactly_what_it_says("verifier");
}

#[test]
fn an_app_logs_in_keeps_in_and_logs_out() {
    can_do_exactly_what_it_says("app");
}

#[test]
fn support_sees_and_ends_sessions_and_mints_nothing() {
    can_do_exactly_what_it_says("support");
}

#[test]
fn an_operator_handles_keys_and_sees_no_session() {
    can_do_exactly_what_it_says("operator");
}

#[test]
fn only_the_operator_hears_the_events_and_no_other_channel() {
    let redis = Redis::start();
    for name in ROLES {
        role(&redis, name);
        let mut raw = redis.raw();
        raw.call(&["AUTH", name, "secret"]);
        let answer = raw.call(&["SUBSCRIBE", "hallpass:events"]);
        assert_eq!(answer.has_error(), name != "operator", "{name}");
    }
    let mut operator = redis.raw();
    operator.call(&["AUTH", "operator", "secret"]);
    for channel in ["hallpass:", "hallpass:events2", "__keyspace@0__:auth:42"] {
        assert_eq!(operator.call(&["SUBSCRIBE", channel]).error_code(), "NOPERM", "{channel}");
    }
    operator.call(&["SUBSCRIBE", "hallpass:events"]);
    let mut app = redis.connect_as("app", "secret");
    let gone = app.issue("auth:42", &[]).unwrap();
    app.issue("auth:42", &["LIMIT", "1"]).unwrap();
    let message = operator.reply().items()[2].text();
    assert!(message.contains("evicted") && message.contains(&gone.session_id), "{message}");
}

#[test]
fn inner_commands_need_no_further_right() {
    let redis = Redis::start();
    let mut app = role(&redis, "app");
    let mut support = role(&redis, "support");
    let first = app.issue("auth:42", &["CLASS", "web", "LIMIT", "2"]).unwrap();
    for _ in 0..4 {
        app.issue("auth:42", &["LIMIT", "2"]).unwrap();
    }
    assert_eq!(refused(app.refresh("auth:42", &first.refresh, &[])), "NOSESSION", "HSET, HDEL, PUBLISH");
    let second = app.issue("auth:42", &[]).unwrap();
    app.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", "ALL", r#"{"a":1}"#]);
    let third = app.refresh("auth:42", &second.refresh, &[]).unwrap();
    app.verify("auth:42", &third.access, &[]).unwrap();
    assert_eq!(support.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]), 3, "HDEL, UNLINK, PUBLISH");
    assert_eq!(refused(app.verify("auth:42", &third.access, &[])), "NOSESSION");
}

#[test]
fn a_user_with_read_only_keys_cannot_mint_with_any_command() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let before = con.records("auth:42");
    con.get::<()>(&["ACL", "SETUSER", "reader", "on", ">secret", "resetchannels", "+@all", "%R~auth:*"]);
    let mut reader = redis.connect_as("reader", "secret");
    for command in &auth_commands(&tokens)[..7] {
        let is_reading = ["AUTH.VERIFY", "AUTH.INSPECT", "AUTH.SESSIONS"].contains(&command[0]);
        let answer = reader.run(command);
        assert_eq!(answer.is_ok(), is_reading, "{command:?}: {answer:?}");
        if !is_reading {
            assert_eq!(refused(answer), "NOPERM");
        }
    }
    for script in [
        "return redis.call('AUTH.ISSUE', KEYS[1])",
        "return redis.call('AUTH.REVOKE', KEYS[1], 'ALL')",
        "return redis.call('AUTH.SETCLAIMS', KEYS[1], 'ALL', '{}')",
    ] {
        reader.run(&["EVAL", script, "1", "auth:42"]).unwrap_err();
    }
    assert_eq!(con.records("auth:42"), before);
}

#[test]
fn a_role_for_one_subject_reaches_no_other() {
    let redis = Redis::start();
    let theirs = redis.connect().issue("auth:43", &[]).unwrap();
    let mut app = user(&redis, &role_line("app").replace("~auth:*", "~auth:42"));
    for command in &auth_commands(&theirs)[..7] {
        let elsewhere = [&command[..1], &["auth:43"], &command[2..]].concat();
        assert_eq!(refused(app.run(&elsewhere)), "NOPERM", "{elsewhere:?}");
    }
    app.issue("auth:42", &[]).unwrap();
}

#[test]
fn the_page_on_security_has_the_roles_of_the_example() {
    assert!(project_file("docs/security.md").contains(&project_file("examples/users.acl")));
}

#[test]
fn the_roles_of_an_acl_file_survive_a_restart() {
    let roles = roles_without_administrator();
    let dir = directory();
    let path = dir.path().join("users.acl");
    fs::write(&path, &roles).unwrap();
    let mut redis = Redis::builder().line(&format!("aclfile {}", path.display())).start();
    for _ in 0..2 {
        let mut app = redis.connect_as("app", "secret");
        let token = app.issue("auth:42", &[]).unwrap().access;
        redis.connect_as("verifier", "secret").verify("auth:42", &token, &[]).unwrap();
        redis.restart();
    }
    fs::write(&path, project_file("examples/users.acl")).unwrap();
    redis.connect().get::<()>(&["ACL", "LOAD"]);
    assert_eq!(redis.raw().call(&["PING"]).error_code(), "NOAUTH");
    redis.connect_as("default", "secret").get::<()>(&["ACL", "SAVE"]);
}

#[test]
fn the_http_server_needs_no_more_than_its_role() {
    let redis = Redis::builder().tcp().line(&format!("hallpass.issuer {ISSUER}")).start();
    role(&redis, "server");
    let server = Server::before_url(&format!("redis://server:secret@127.0.0.1:{}", redis.port()), &[]);
    let login = server.login("42");
    let (access, refresh) = (login.text_of("access_token"), login.text_of("refresh_token"));
    assert_eq!(server.verify(&access).status, 200);
    assert_eq!(server.token(&refresh, &[]).status, 200);
    assert_eq!(server.request("GET", "/me/sessions").bearer(&access).send().status, 200);
    for path in ["/readyz", "/metrics", "/.well-known/jwks.json"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    let local = |method: &str, path: &str| server.request(method, path).basic("local", server.secret());
    let hint = [("token", refresh.as_str()), ("token_type_hint", "refresh_token")];
    assert_eq!(local("POST", "/introspect").form(&hint).send().json()["active"], true);
    assert_eq!(local("PUT", "/subjects/42/claims").json(&json!({ "a": 1 })).send().status, 200);
    assert_eq!(local("DELETE", "/subjects/42/sessions").send().json()["revoked"], 1);
}

#[test]
fn the_http_server_selects_a_database_with_its_role_and_without_the_right_says_so() {
    let redis = Redis::builder().tcp().line(&format!("hallpass.issuer {ISSUER}")).start();
    let url = |database: u32| format!("redis://server:secret@127.0.0.1:{}/{database}", redis.port());
    role(&redis, "server");
    let server = Server::before_url(&url(1), &[]);
    assert_eq!(server.verify(&server.login("42").text_of("access_token")).status, 200);
    assert!(Server::waiting_for(&url(4711), &[]).log().contains("refuses to select the database"));
    user(&redis, &role_line("server").replace(" +select", ""));
    let log = Server::waiting_for(&url(1), &[]).log();
    assert!(log.contains("its user lacks +select") && !log.contains("secret"), "{log}");
}

#[test]
fn the_http_server_names_the_right_that_its_role_lacks() {
    let redis = Redis::builder().tcp().line(&format!("hallpass.issuer {ISSUER}")).start();
    let url = format!("redis://server:secret@127.0.0.1:{}", redis.port());
    let without = |right: &str| user(&redis, &role_line("server").replace(&format!(" {right} "), " "));
    let log_has = |server: &Server, text: &str| wait_until(text, SOON, || server.log().contains(text));
    without("+auth.issue");
    let server = Server::before_url(&url, &[]);
    assert_eq!(server.sessions(&json!({"subject": "42"})).status, 503);
    log_has(&server, "its user lacks +auth.issue");
    without("~auth:*");
    let server = Server::before_url(&url, &[]);
    assert_eq!(server.sessions(&json!({"subject": "42"})).status, 503);
    log_has(&server, "its user lacks the key pattern");
    without("+client|tracking");
    let server = Server::before_url(&url, &[]);
    server.verify(&server.login("42").text_of("access_token"));
    log_has(&server, "its user lacks +client|tracking");
    without("+info");
    assert!(Server::waiting_for(&url, &[]).log().contains("its user lacks +info"));
}
