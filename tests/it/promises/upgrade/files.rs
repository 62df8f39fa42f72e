//! Files that an earlier release, or another server, has left. `fixtures/make` wrote them: one directory for an early build, and one
//! for each server.

use std::{fs, path::PathBuf};

use serde_json::{Value as Json, from_str};

use crate::support::{
    build::{built, repository},
    redis_server::refuses_to_start,
    *,
};

/// The directories of files.
pub const ALL: [&str; 9] = [
    "bbcd785",
    "redis-7.0",
    "redis-7.2",
    "redis-7.4",
    "redis-8.2",
    "redis-8.6",
    "valkey-8.0",
    "valkey-8.1",
    "valkey-9.1",
];

/// The first bytes of an RDB file: `REDIS` or `VALKEY`, and a version.
#[derive(Debug, PartialEq, Eq)]
pub struct RdbVersion {
    is_valkey: bool,
    /// The number.
    pub number: u32,
}

impl RdbVersion {
    fn of(file: &[u8]) -> Self {
        let magic = std::str::from_utf8(&file[..9]).expect("nine letters and digits");
        let number = magic.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
        Self { is_valkey: magic.starts_with("VALKEY"), number: number.parse().expect("a version") }
    }

    /// Returns the version of a directory's file.
    pub fn of_fixture(name: &str) -> Self {
        Self::of(&fs::read(fixture(name).join("dump.rdb")).expect("a fixture"))
    }

    /// Returns the version that the server under test writes.
    fn of_this_server() -> Self {
        let redis = Redis::start();
        redis.connect().get::<()>(&["SAVE"]);
        Self::of(&fs::read(redis.path("dump.rdb")).expect("a file"))
    }

    /// Returns whether a server that writes this version reads a file of that one: its own and older ones. The versions of
    /// Redis and of Valkey parted after 11.
    fn reads(&self, file: &Self) -> bool {
        let most = if self.is_valkey && !file.is_valkey { 11 } else { self.number };
        (self.is_valkey || !file.is_valkey) && file.number <= most
    }
}

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

/// Seen to fail with `reads` always true, and always false.
#[test]
fn an_rdb_is_read_by_servers_that_write_its_version_or_a_later_one() {
    let own = RdbVersion::of_this_server();
    for name in ALL {
        let dump = fixture(name).join("dump.rdb");
        if own.reads(&RdbVersion::of_fixture(name)) {
            let mut redis = Redis::start();
            redis.stop();
            fs::copy(dump, redis.path("dump.rdb")).unwrap();
            redis.restart();
            has_and_changes_them(&redis, name);
        } else {
            let log = refuses_to_start(|dir| {
                fs::copy(&dump, dir.join("dump.rdb")).unwrap();
                Keyring::default().write(&dir.join("keyring.json"));
                let module = built().module.display();
                format!("loadmodule {module}\nhallpass.keyring-file {}/keyring.json", dir.display())
            });
            let reasons = ["Can't handle RDB format version", "Wrong signature"];
            assert!(reasons.iter().any(|reason| log.contains(reason)), "{name}: {log}");
        }
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
