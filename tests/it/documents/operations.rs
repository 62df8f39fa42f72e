//! docs/operations.md: its drill runs as written, and its alerts are those of the rules file.

use std::{fs, os::unix::fs::symlink, path::Path};

use crate::{
    documents::readme::{project_file, run, shell_blocks, write_program},
    support::{
        build::{built, redis_server},
        *,
    },
};

/// The drill's directory; a redis-server that it started ends with it.
struct Drill(tempfile::TempDir);

impl Drill {
    /// With the shipped redis.conf, but for the paths and the address, and with the programs first on the path.
    fn new() -> Self {
        let dir = http_server::directory();
        let path = dir.path();
        fs::write(path.join("redis.conf"), configuration(path)).unwrap();
        Keyring::default().write(&path.join("keyring.json"));
        fs::create_dir(path.join("bin")).unwrap();
        symlink(&built().server, path.join("bin/hallpass-server")).unwrap();
        let found = |program: &str| run(path, &format!("command -v {program}")).trim().to_owned();
        let (cli, server) = (found("redis-cli"), found(redis_server().to_str().unwrap()));
        write_program(path, "redis-cli", &format!("{cli} -s {}/redis.sock", path.display()));
        write_program(path, "redis-server", &server);
        Self(dir)
    }

    /// Runs commands and returns what they said.
    #[track_caller]
    fn run(&self, script: &str) -> String {
        run(self.0.path(), script)
    }
}

impl Drop for Drill {
    fn drop(&mut self) {
        // When a command failed there may be nothing to stop.
        self.run("redis-cli SHUTDOWN NOSAVE > stopped.txt 2>&1 || true");
    }
}

fn configuration(dir: &Path) -> String {
    let ours = ["port ", "bind ", "loadmodule "];
    let shipped = project_file("redis.conf");
    let kept = shipped.lines().filter(|line| !ours.iter().any(|own| line.starts_with(own)));
    let text: Vec<&str> = kept.collect();
    // Settings of a module come after its line.
    let (module, socket) = (built().module.display(), dir.join("redis.sock"));
    let first = format!("port 0\nunixsocket {}\nlogfile redis.log\nloadmodule {module}\n", socket.display());
    first + &text.join("\n") + "\n"
}

/// The code of an AUTH command's answer, or that it has answered with claims; `None` for what other programs say.
fn answer(line: &str) -> Option<&str> {
    let word = line.split_whitespace().next()?;
    let is_code = word.ends_with("TOKEN") || word == "NOSESSION";
    if line.starts_with('{') { Some("claims") } else { is_code.then_some(word) }
}

/// Seen to fail with `not-before` left at 0, and without AUTH.RELOAD.
#[test]
fn the_drill_of_a_restored_backup_works_as_written() {
    let drill = Drill::new();
    let script = shell_blocks("docs/operations.md", "Backup and restore").concat();
    let said = drill.run(&script);
    let answers: Vec<&str> = said.lines().filter_map(answer).collect();
    let expected = ["NOSESSION", "claims", "EXPIREDTOKEN", "claims", "INVALIDTOKEN", "INVALIDTOKEN"];
    assert_eq!(answers, expected, "{said}");
}

#[test]
fn every_alert_is_explained() {
    let rules = project_file("examples/alerts.yml");
    let mut named: Vec<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let page = project_file("docs/operations.md");
    let mut explained: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| Hallpass")).collect();
    explained.iter_mut().for_each(|line| *line = line.split(' ').next().unwrap());
    named.iter_mut().for_each(|name| *name = name.strip_prefix("Hallpass").unwrap());
    assert!(!named.is_empty());
    assert_eq!(named, explained);
}
