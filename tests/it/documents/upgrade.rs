//! docs/upgrade.md: its commands run as written, its table has the RDB versions of real files, and its drills exist.

use super::{
    pages::{project_file, script},
    reliability::is_a_test,
    shell::Shell,
};
use crate::{
    promises::upgrade::files::{ALL, RdbVersion},
    support::{Keyring, build::built},
};

const PAGE: &str = "docs/upgrade.md";

const START: &str = "redis-server ./redis.conf --daemonize yes
until redis-cli PING | grep -q PONG; do sleep 0.1; done
redis-cli --json AUTH.ISSUE auth:42 > session.json
REFRESH=$(sed 's/.*\"refresh_token\":\"\\([^\"]*\\)\".*/\\1/' session.json)
";

/// Runs a section's commands between a login and a refresh, and returns what they said.
fn survived(section: &str) -> String {
    let shell = Shell::new();
    Keyring::default().write(&shell.path("keyring.json"));
    std::fs::create_dir(shell.path("new")).unwrap();
    std::fs::copy(&built().module, shell.path("new/libhallpass.so")).unwrap();
    let refresh = "redis-cli --json AUTH.REFRESH auth:42 \"$REFRESH\"";
    shell.run(&format!("{START}{}\n{refresh}", script(PAGE, section)))
}

/// Returns the cells of the page's tables.
fn rows() -> Vec<Vec<String>> {
    let page = project_file(PAGE);
    let cells = |line: &str| {
        Some(line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").map(str::to_owned).collect())
    };
    page.lines().filter_map(cells).collect()
}

#[test]
fn a_server_is_upgraded_as_written() {
    let said = survived("One server");
    assert!(said.contains("hallpass_version:") && said.contains("refresh_token"), "{said}");
}

/// Seen to fail without BGREWRITEAOF: then the file is base.rdb.
#[test]
fn an_older_redis_is_gone_back_to_as_written() {
    let said = survived("Going back");
    assert!(said.contains("base.aof") && said.contains("refresh_token"), "{said}");
}

#[test]
fn the_rdb_versions_are_those_of_real_files() {
    let rows = rows();
    for name in &ALL[1..] {
        let server = name.replacen("redis-", "Redis ", 1).replacen("valkey-", "Valkey ", 1);
        let row = rows.iter().find(|row| row[0].split(", ").any(|named| named == server));
        let row = row.unwrap_or_else(|| panic!("no line about {server}"));
        assert_eq!(row[1], RdbVersion::of_fixture(name).number.to_string(), "{server}");
    }
}

#[test]
fn every_drill_is_a_test() {
    let rows = rows();
    let named: Vec<&str> =
        rows.iter().filter_map(|row| row.last()?.strip_prefix('`')?.strip_suffix('`')).collect();
    assert_eq!(named.len(), 6);
    named.iter().for_each(|name| assert!(is_a_test(name), "{name}"));
}
