//! ACL categories: the meaning of `+@read`, `-@write` and others for the AUTH commands.
//!
//! A module can put its commands into categories since Redis 7.2. Before, they are in none, and only `@all` includes
//! them.

use redis::Value;

use crate::support::*;

/// Commands that read a user's sessions.
const READING: [&str; 3] = ["AUTH.VERIFY", "AUTH.INSPECT", "AUTH.SESSIONS"];
/// Commands that change them.
const WRITING: [&str; 4] = ["AUTH.REFRESH", "AUTH.ISSUE", "AUTH.SETCLAIMS", "AUTH.REVOKE"];
/// Commands that have no key.
const KEYLESS: [&str; 3] = ["AUTH.KEYS", "AUTH.JWKS", "AUTH.RELOAD"];

/// A category and the AUTH commands in it, sorted.
const CATEGORIES: [(&str, &[&str]); 6] = [
    ("read", &["auth.inspect", "auth.jwks", "auth.keys", "auth.sessions", "auth.verify"]),
    ("write", &["auth.issue", "auth.refresh", "auth.revoke", "auth.setclaims"]),
    ("admin", &["auth.reload"]),
    ("dangerous", &["auth.reload"]),
    ("fast", &["auth.inspect", "auth.jwks", "auth.keys", "auth.refresh", "auth.verify"]),
    ("slow", &["auth.issue", "auth.reload", "auth.revoke", "auth.sessions", "auth.setclaims"]),
];

/// Returns whether modules can put commands into categories, judged by a command of the same release.
fn has_categories(con: &mut Con) -> bool {
    let found: Vec<Value> = con.get(&["COMMAND", "INFO", "CLIENT|NO-TOUCH"]);
    found != [Value::Nil]
}

/// Returns the AUTH commands that a user with these rules can run for the subject 42.
fn allowed(redis: &Redis, rules: &[&str]) -> Vec<&'static str> {
    let mut con = redis.connect();
    let start = ["ACL", "SETUSER", "app", "reset", "on", ">secret", "resetchannels"];
    con.get::<()>(&[&start, rules].concat());
    let all = [&READING[..], &WRITING, &KEYLESS].concat();
    all.into_iter().filter(|command| is_allowed(redis, "app", command, "auth:42")).collect()
}

/// Returns whether a user can run a command for a subject; an allowed command must succeed.
fn is_allowed(redis: &Redis, user: &str, command: &str, key: &str) -> bool {
    let tokens = redis.connect().issue("auth:42", &[]).unwrap();
    let more: &[&str] = match command {
        "AUTH.VERIFY" => &[key, &tokens.access],
        "AUTH.INSPECT" | "AUTH.REFRESH" => &[key, &tokens.refresh],
        "AUTH.SESSIONS" | "AUTH.ISSUE" => &[key],
        "AUTH.SETCLAIMS" => &[key, "ALL", "{}"],
        "AUTH.REVOKE" => &[key, "ALL"],
        _ => &[],
    };
    match redis.connect_as(user, "secret").run(&[&[command], more].concat()) {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal.code, "NOPERM", "{command} {key}: {refusal:?}");
            false
        }
    }
}

/// Starts a Redis, unless modules cannot put commands into categories.
fn redis_with_categories() -> Option<Redis> {
    let redis = Redis::start();
    has_categories(&mut redis.connect()).then_some(redis)
}

/// Returns the AUTH commands that such a command lists, sorted.
fn listed(con: &mut Con, command: &[&str]) -> Vec<String> {
    let mut ours: Vec<String> = con.get(command);
    ours.retain(|name| name.starts_with("auth."));
    ours.sort_unstable();
    ours
}

#[test]
fn every_command_is_in_its_categories_where_there_are_any() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let has_categories = has_categories(&mut con);
    for (category, expected) in CATEGORIES {
        let ours = listed(&mut con, &["COMMAND", "LIST", "FILTERBY", "ACLCAT", category]);
        assert_eq!(ours, if has_categories { expected } else { &[] }, "{category}");
        // Redis 7.2 and Valkey 8.0 leave the commands of modules out here.
        let shown = listed(&mut con, &["ACL", "CAT", category]);
        assert!(shown.is_empty() || shown == ours, "{category}: {shown:?}");
    }
}

#[test]
fn before_redis_7_2_only_all_means_them() {
    let redis = Redis::start();
    if has_categories(&mut redis.connect()) {
        return;
    }
    let everything = [&READING[..], &WRITING, &KEYLESS].concat();
    assert_eq!(allowed(&redis, &["~*", "+@all", "-@read", "-@write", "-@admin", "-@dangerous"]), everything);
    let nothing: [&str; 0] = [];
    assert_eq!(allowed(&redis, &["~*", "+@read", "+@write", "+@admin", "+@dangerous"]), nothing);
}

#[test]
fn who_has_all_but_write_reads_and_changes_nothing() {
    let Some(redis) = redis_with_categories() else { return };
    let can = allowed(&redis, &["~*", "+@all", "-@write"]);
    assert_eq!(can, [&READING[..], &KEYLESS].concat());
}

#[test]
fn who_has_read_verifies_inspects_and_lists() {
    let Some(redis) = redis_with_categories() else { return };
    for keys in ["~auth:*", "%R~auth:*"] {
        let can = allowed(&redis, &[keys, "+@read"]);
        assert_eq!(can, [&READING[..], &["AUTH.KEYS", "AUTH.JWKS"]].concat(), "{keys}");
    }
}

/// A user who may write `auth:*` by HSET has issuing power already, so the category adds none. The key pattern is the
/// effective limit.
#[test]
fn the_write_category_issues_for_writable_keys() {
    let Some(redis) = redis_with_categories() else { return };
    assert_eq!(allowed(&redis, &["~auth:*", "+@write"]), WRITING);
    let mut app = redis.connect_as("app", "secret");
    app.get::<i64>(&["HSET", "auth:43", "name", "x"]);
    for command in WRITING {
        assert!(!is_allowed(&redis, "app", command, "other:42"), "{command} of a key outside the pattern");
    }
    let nothing: [&str; 0] = [];
    assert_eq!(allowed(&redis, &["%R~auth:*", "+@write"]), nothing, "nor of keys that he may only read");
    assert_eq!(allowed(&redis, &["~auth:43", "+@write"]), nothing);
}

#[test]
fn without_admin_or_dangerous_nobody_reloads_keys() {
    let Some(redis) = redis_with_categories() else { return };
    let rest = [&READING[..], &WRITING, &["AUTH.KEYS", "AUTH.JWKS"]].concat();
    for without in ["-@admin", "-@dangerous"] {
        assert_eq!(allowed(&redis, &["~*", "+@all", without]), rest, "{without}");
    }
    assert_eq!(allowed(&redis, &["~*", "+@admin"]), ["AUTH.RELOAD"]);
}

#[test]
fn a_configured_user_has_the_commands_of_its_categories() {
    let redis = Redis::with(&["user reader on >secret resetchannels -@all %R~auth:* +@read"]);
    let has_categories = has_categories(&mut redis.connect());
    for command in READING {
        assert_eq!(is_allowed(&redis, "reader", command, "auth:42"), has_categories, "{command}");
    }
    assert!(!is_allowed(&redis, "reader", "AUTH.ISSUE", "auth:42"));
}
