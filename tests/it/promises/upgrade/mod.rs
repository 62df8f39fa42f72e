//! Upgrades: what an earlier release, or another server, has left in its files is read, and a replicated pair is upgraded node by
//! node under load. `fixtures/make` wrote the files: one directory for each release, and for servers of different age.

use std::{fs, path::PathBuf};

use serde_json::{Value as Json, from_str};

use crate::{
    redis_side::acl_roles::server_user,
    support::{
        build::repository,
        holders::stay_logged_in,
        http_server::{ISSUER, Server},
        *,
    },
};

/// Written by Redis 7.0, whose RDB files every later server reads.
const OLDEST: [&str; 2] = ["bbcd785", "redis-7.0"];
/// Append-only files without an RDB preamble are read by every server, the older ones too.
const ALL: [&str; 4] = ["bbcd785", "redis-7.0", "redis-8.6", "valkey-9.1"];

fn fixture(name: &str) -> PathBuf {
    repository().join("tests/it/promises/upgrade/fixtures").join(name)
}

/// Returns the sessions of each key as the release that wrote the files listed them.
fn listed(name: &str) -> Vec<(String, Json)> {
    let text = fs::read_to_string(fixture(name).join("sessions.txt")).expect("a fixture");
    let read = |line: &str| {
        let (key, sessions) = line.split_once(' ').expect("a key and its sessions");
        let mut sessions: Json = from_str(sessions).expect("JSON");
        for session in sessions.as_array_mut().expect("an array") {
            for member in ["meta", "claims"] {
                if let Some(text) = session[member].as_str() {
                    session[member] = from_str(text).expect("JSON as text");
                }
            }
            session.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        }
        (key.to_owned(), sessions)
    };
    text.lines().map(read).collect()
}

/// Asserts that this server has the sessions of the fixture, and can change and end them.
#[track_caller]
fn has_and_changes_them(redis: &Redis, name: &str) {
    let mut con = redis.connect();
    for (key, sessions) in listed(name) {
        let now: String = con.get(&["AUTH.SESSIONS", &key, "WITHCLAIMS", "FORMAT", "JSON"]);
        assert_eq!(from_str::<Json>(&now).unwrap(), sessions, "{name}: {key}");
    }
    assert_eq!(con.counter("unreadable_records"), 0, "{name}");
    assert_eq!(con.get::<i64>(&["AUTH.SETCLAIMS", "auth:many", "ALL", r#"{"new":1}"#]), 4, "{name}");
    let tokens = con.issue("auth:many", &["CLASS", "app", "LIMIT", "2"]).unwrap();
    con.refresh("auth:many", &tokens.refresh, &[]).unwrap();
    assert_eq!(con.get::<i64>(&["HLEN", "auth:many"]), 4, "{name}: one made room");
    assert_eq!(con.get::<i64>(&["AUTH.REVOKE", "auth:rich", "ALL"]), 1, "{name}");
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:rich", "auth:ended"]), 0, "{name}");
}

#[test]
fn records_of_earlier_releases_are_read_from_an_rdb() {
    for name in OLDEST {
        let mut redis = Redis::start();
        redis.stop();
        fs::copy(fixture(name).join("dump.rdb"), redis.path("dump.rdb")).unwrap();
        redis.restart();
        has_and_changes_them(&redis, name);
    }
}

#[test]
fn append_only_files_of_earlier_releases_and_other_servers_are_read() {
    for name in ALL {
        let mut redis = Redis::with(&["appendonly yes"]);
        redis.stop();
        let directory = redis.path("appendonlydir");
        fs::remove_dir_all(&directory).unwrap();
        fs::create_dir(&directory).unwrap();
        for file in fs::read_dir(fixture(name).join("appendonlydir")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), directory.join(file.file_name())).unwrap();
        }
        redis.restart();
        has_and_changes_them(&redis, name);
        redis.restart();
        assert_eq!(redis.connect().get::<i64>(&["HLEN", "auth:many"]), 4, "{name}: written on");
    }
}

/// Stops a server that has written what it must, and starts it again. One that still writes its first append-only file after a
/// resync ignores SIGTERM.
fn upgrade(server: &mut Redis) {
    server.wait_until_in_sync();
    let mut con = server.connect();
    wait_until("no append-only file is rewritten", SOON, || {
        let info: String = con.get(&["INFO", "persistence"]);
        info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
    });
    drop(con);
    server.restart();
    server.wait_until_in_sync();
}

/// The steps of docs/operations.md. Each restart would load another module.
#[test]
fn users_stay_logged_in_while_a_replicated_pair_is_upgraded() {
    let (issuer, user) = (format!("hallpass.issuer {ISSUER}"), server_user(""));
    let mut sentinels = Sentinels::start(&[&issuer, "hallpass.audience api", "appendonly yes", &user]);
    let url = sentinels.url().replace("://", "://server:secret@");
    let server = Server::before_url(&url, &["--rate-limit", "0"]);
    stay_logged_in(&server, &["1".into(), "2".into()], |holders| {
        upgrade(&mut sentinels.servers[1]);
        sentinels.servers[0].wait_until_replicated();
        assert_eq!(sentinels.hand_over(0), 1);
        sentinels.wait_until_following(0);
        holders.wait_until_served();
        upgrade(&mut sentinels.servers[0]);
        holders.wait_until_served();
    });
    assert_eq!(sentinels.servers[1].connect().counter("reused"), 0);
}
