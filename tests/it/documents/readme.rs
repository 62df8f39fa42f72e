//! The README's tours and the shipped redis.conf do what they say, and the page on reliability names tests that exist.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::support::{build::built, http_server::Server, *};

/// A file at the top of the project.
pub fn project_file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(name);
    fs::read_to_string(path).unwrap()
}

/// The shell blocks in the section `title` of a document.
pub fn shell_blocks(document: &str, title: &str) -> Vec<String> {
    let text = project_file(document);
    let section = text.split(&format!("## {title}\n")).nth(1).expect("the section").split("\n## ").next();
    let blocks = section.unwrap().split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// Runs a script in `dir`; `bin` inside it comes first on the path.
#[track_caller]
pub fn run(dir: &Path, script: &str) -> String {
    let path = format!("{}/bin:{}", dir.display(), std::env::var("PATH").unwrap());
    let output =
        Command::new("sh").args(["-ec", script]).current_dir(dir).env("PATH", path).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Puts a `redis-cli` into `bin` that talks to `redis`, wherever the tour would connect to.
fn redirect_redis_cli(redis: &Redis, dir: &Path) {
    let real = run(dir, "command -v redis-cli");
    fs::create_dir(dir.join("bin")).unwrap();
    write_program(dir, "redis-cli", &format!("{} -s {}", real.trim(), redis.socket().display()));
}

/// Writes a program into `bin` that runs `command` with its own arguments.
pub fn write_program(dir: &Path, name: &str, command: &str) {
    let path = dir.join("bin").join(name);
    fs::write(&path, format!("#!/bin/sh\nexec {command} \"$@\"\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_tour_with_redis_cli_works_as_written() {
    let redis = Redis::start();
    let dir = http_server::directory();
    redirect_redis_cli(&redis, dir.path());
    let blocks = shell_blocks("README.md", "A tour with redis-cli");
    let is_about_a_session = |block: &&String| !block.contains("redis-server") && !block.contains("SHUTDOWN");
    let script: String = blocks.iter().filter(is_about_a_session).map(String::as_str).collect();
    assert!(script.contains("AUTH.ISSUE") && script.contains("AUTH.REFRESH"), "{blocks:?}");
    let said = run(dir.path(), &script);
    assert!(said.contains(r#""role":"admin""#), "{said}");
    assert!(said.trim_end().lines().last().unwrap().contains("NOSESSION"), "{said}");
    assert_eq!(redis.connect().counter("retried"), 1);
}

#[test]
fn the_tour_with_curl_works_as_written() {
    let server = Server::start();
    let blocks = shell_blocks("README.md", "A tour with curl");
    let script = blocks.concat().replace("127.0.0.1:8080", server.address());
    let said = run(server.dir(), &script);
    assert!(said.contains("200 OK") && said.contains("Ed25519"), "{said}");
    assert_eq!(said.matches(r#""refresh_token":"#).count(), 2, "{said}");
}

#[test]
fn redis_cli_speaks_both_protocols() {
    let redis = Redis::builder().tcp().start();
    let port = redis.port().to_string();
    for protocol in ["-2", "-3"] {
        let cli = |args: &[&str]| {
            let output = Command::new("redis-cli").args(["-p", &port, protocol]).args(args).output().unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap()
        };
        let after = |text: &str, name: &str| {
            let mut words = text.split_whitespace().skip_while(|word| *word != name);
            words.nth(1).unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
        };
        let issued = cli(&["AUTH.ISSUE", "auth:42", "CLAIMS", r#"{"role":"admin"}"#]);
        let (access, refresh) = (after(&issued, "access_token"), after(&issued, "refresh_token"));
        assert!(cli(&["AUTH.VERIFY", "auth:42", &access]).contains(r#""role":"admin""#));
        let first = cli(&["AUTH.REFRESH", "auth:42", &refresh]);
        let again = cli(&["AUTH.REFRESH", "auth:42", &refresh]);
        assert_eq!(after(&first, "access_token"), after(&again, "access_token"), "{protocol}");
        assert!(cli(&["AUTH.VERIFY", "auth:42", "x"]).contains("INVALIDTOKEN"));
    }
}

#[test]
fn the_shipped_configuration_starts_and_names_every_setting_with_its_default() {
    let shipped = project_file("redis.conf");
    let plain = Redis::start();
    let settings: Vec<String> = plain.connect().get(&["CONFIG", "GET", "hallpass.*"]);
    for pair in settings.chunks(2) {
        let line = shipped.lines().find_map(|line| line.strip_prefix(&format!("{} ", pair[0])));
        let line = line.unwrap_or_else(|| panic!("redis.conf lacks {}", pair[0]));
        let value = if line == "\"\"" { "" } else { line };
        assert!(value == pair[1] || pair[0] == "hallpass.keyring-file", "{pair:?} is {value}");
    }

    let ours = ["port ", "bind ", "dir ", "loadmodule ", "hallpass.keyring-file "];
    let kept = shipped
        .lines()
        .filter(|line| !line.starts_with('#') && !ours.iter().any(|own| line.starts_with(own)));
    let builder = kept.fold(Redis::builder(), |builder, line| builder.line(line));
    let redis = builder.start();
    assert!(!redis.log().contains("persistence is off") && !redis.log().contains("maxmemory-policy"));
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert!(shipped.contains(&format!("/{}", built().module.file_name().unwrap().to_str().unwrap())));
}

#[test]
fn every_line_on_the_page_on_reliability_names_a_test_that_exists() {
    let page = project_file("docs/reliability.md");
    let last_cell =
        |line: &str| line.strip_suffix(" |").and_then(|line| line.rsplit(" | ").next()).map(str::to_owned);
    let named = page.split("### ").skip(1).flat_map(|part| part.split("\n## ").next().unwrap().lines());
    let cells: Vec<_> = named.filter_map(last_cell).filter(|cell| cell.starts_with('`')).collect();
    assert!(cells.len() > 20, "{cells:?}");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("it");
    let folders: Vec<_> = fs::read_dir(tests).unwrap().map(|entry| entry.unwrap().path()).collect();
    for name in cells.iter().flat_map(|cell| cell.split(", ")).map(|name| name.trim_matches('`')) {
        let path = name.replace("::", "/");
        let exists = folders
            .iter()
            .any(|folder| [".rs", "/mod.rs"].iter().any(|end| folder.join(format!("{path}{end}")).exists()));
        assert!(exists || name.starts_with("make ") || name.starts_with("cargo "), "{name}");
    }
}
