//! No token and no key is found in anything that Redis writes, shows or sends.

use std::{fs, path::Path, process::Command};

use crate::support::*;

/// The texts and bytes that must not be found anywhere.
struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Creates the list with the keys of a ring, as text and as bytes.
    fn of(redis: &Redis) -> Self {
        let texts = redis.ring().secrets();
        let bytes = texts.iter().map(|text| tokens::unbase64(text));
        let mut all: Vec<Vec<u8>> = bytes.collect();
        all.extend(texts.into_iter().map(String::into_bytes));
        Self(all)
    }

    /// Adds the secret parts of `tokens`.
    fn and(&mut self, tokens: &Tokens) {
        self.0.push(tokens.mac().into_bytes());
        self.0.push(tokens.signature().into_bytes());
        self.0.push(tokens::unbase64(&tokens.mac()));
    }

    /// Asserts that `haystack` contains none of them, but contains `witness`, which proves that the search works.
    #[track_caller]
    fn absent_from(&self, place: &str, haystack: &[u8], witness: &str) {
        let contains = |needle: &[u8]| haystack.windows(needle.len()).any(|window| window == needle);
        assert!(contains(witness.as_bytes()), "{place} does not even hold {witness}");
        for secret in &self.0 {
            assert!(!contains(secret), "{place} holds {:?}", String::from_utf8_lossy(secret));
        }
    }
}

/// Uses every command with valid, stale and forged tokens; returns the secrets, and the sid of a live session.
fn use_everything(redis: &Redis) -> (Secrets, String) {
    let mut con = redis.connect();
    let mut secrets = Secrets::of(redis);
    let first = con.issue("auth:42", &["CLAIMS", r#"{"a":1}"#, "META", r#"{"ua":"x"}"#]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &["ACCESS", &first.access]).unwrap();
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    con.verify("auth:42", &third.access, &[]).unwrap();
    con.verify("auth:43", &third.access, &[]).unwrap_err();
    con.refresh("auth:43", &third.refresh, &[]).unwrap_err();
    con.refresh("auth:42", &third.refresh, &["BOGUS", &third.access]).unwrap_err();
    con.verify("auth:42", &third.refresh, &[]).unwrap_err();
    con.refresh("auth:42", &first.refresh, &[]).unwrap_err();
    let alive = con.issue("auth:42", &[]).unwrap();
    let evicting = con.issue("auth:44", &[]).unwrap();
    let evicted = con.issue("auth:44", &["LIMIT", "1"]).unwrap();
    con.jwks();
    for tokens in [&first, &second, &third, &alive, &evicting, &evicted] {
        secrets.and(tokens);
    }
    (secrets, alive.session_id)
}

/// Returns all files below `dir`, one after the other.
fn everything_in(dir: &Path) -> Vec<u8> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn the_rdb_file_holds_no_secret() {
    let redis = Redis::with(&["rdbcompression no"]);
    let (secrets, sid) = use_everything(&redis);
    redis.connect().get::<()>(&["SAVE"]);
    secrets.absent_from("dump.rdb", &fs::read(redis.path("dump.rdb")).unwrap(), &sid);

    let copy = redis.path("copy.rdb");
    let status =
        Command::new("redis-cli").arg("-s").arg(redis.socket()).arg("--rdb").arg(&copy).output().unwrap();
    assert!(status.status.success());
    secrets.absent_from("redis-cli --rdb", &fs::read(copy).unwrap(), &sid);
}

#[test]
fn the_append_only_file_holds_no_secret_and_no_auth_command() {
    let redis = Redis::with(&["appendonly yes", "appendfsync always", "aof-use-rdb-preamble no"]);
    let (secrets, sid) = use_everything(&redis);
    let written = everything_in(&redis.path("appendonlydir"));
    secrets.absent_from("the AOF", &written, &sid);
    let text = String::from_utf8_lossy(&written).to_uppercase();
    assert!(text.contains("HSET") && text.contains("PEXPIREAT"));
    assert!(!text.contains("AUTH.ISSUE") && !text.contains("AUTH.REFRESH"), "effects only");
}

#[test]
fn monitor_shows_no_secret() {
    let redis = Redis::start();
    let mut monitor = redis.raw();
    assert_eq!(monitor.call(&["MONITOR"]).text(), "OK");
    let (secrets, _) = use_everything(&redis);
    redis.connect().get::<String>(&["ECHO", "the end"]);
    let mut seen = String::new();
    while !seen.contains("the end") {
        seen += &monitor.reply().text();
        seen.push('\n');
    }
    secrets.absent_from("MONITOR", seen.as_bytes(), "the end");
    assert!(!seen.to_lowercase().contains("auth.refresh"), "{seen}");
}

#[test]
fn neither_slowlog_nor_config_nor_info_nor_latency_shows_a_secret() {
    let redis = Redis::with(&["slowlog-log-slower-than 0", "slowlog-max-len 10000", "latency-tracking yes"]);
    let (secrets, _) = use_everything(&redis);
    let mut raw = redis.raw();
    let slowlog = format!("{:?}", raw.call(&["SLOWLOG", "GET", "-1"])).replace("\\", "");
    assert!(!slowlog.to_lowercase().contains("auth.refresh"));
    for (command, witness) in [
        (&["CONFIG", "GET", "*"][..], "keyring.json"),
        (&["INFO", "everything"], "hallpass_refreshed"),
        (&["CLIENT", "LIST"], "cmd=client"),
        (&["COMMAND", "DOCS", "AUTH.REFRESH"], "auth.refresh"),
    ] {
        let shown = flat_text(&raw.call(command));
        secrets.absent_from(&format!("{command:?}"), shown.as_bytes(), witness);
    }
    let slow = flat_text(&raw.call(&["SLOWLOG", "GET", "-1"]));
    secrets.absent_from("SLOWLOG", slow.as_bytes(), "AUTH.REFRESH");
}

/// Returns every string inside a reply.
fn flat_text(reply: &Reply) -> String {
    match reply {
        Reply::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned() + "\n",
        Reply::Simple(text) | Reply::Error(text) => format!("{text}\n"),
        Reply::Array(items) => items.iter().map(flat_text).collect(),
        other => format!("{other:?}\n"),
    }
}

#[test]
fn the_log_holds_no_secret_even_at_debug_level() {
    let redis = Redis::with(&["loglevel debug"]);
    let (secrets, _) = use_everything(&redis);
    secrets.absent_from("the log", redis.log().as_bytes(), "hallpass");
}

#[test]
fn events_and_keyspace_notifications_hold_no_secret() {
    let redis = Redis::with(&["notify-keyspace-events KEA"]);
    let mut raw = redis.raw();
    raw.call(&["PSUBSCRIBE", "*"]);
    let (secrets, sid) = use_everything(&redis);
    redis.connect().get::<i64>(&["PUBLISH", "end", &format!("the end {sid}")]);
    let mut seen = String::new();
    while !seen.contains("the end") {
        seen += &flat_text(&Reply::Array(raw.reply().items().to_vec()));
    }
    secrets.absent_from("pub/sub", seen.as_bytes(), "hallpass:events");
}

#[test]
fn a_rewritten_configuration_holds_no_secret() {
    let redis = Redis::start();
    let (secrets, _) = use_everything(&redis);
    redis.connect().get::<()>(&["CONFIG", "REWRITE"]);
    let text = fs::read(redis.path("redis.conf")).unwrap();
    secrets.absent_from("redis.conf", &text, "hallpass.keyring-file");
}
