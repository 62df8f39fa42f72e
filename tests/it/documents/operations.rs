//! docs/operations.md: its drill runs as written, and its alerts are those of the rules file.

use super::{
    pages::{project_file, script},
    shell::Shell,
};
use crate::support::Keyring;

/// Returns the code of an AUTH command's answer, or `claims`; `None` for the output of other programs.
fn answer(line: &str) -> Option<&str> {
    let word = line.split_whitespace().next()?;
    let is_code = word.ends_with("TOKEN") || word == "NOSESSION";
    if line.starts_with('{') { Some("claims") } else { is_code.then_some(word) }
}

/// Seen to fail with `not-before` left at 0, and without AUTH.RELOAD.
#[test]
fn the_drill_of_a_restored_backup_works_as_written() {
    let shell = Shell::new();
    Keyring::default().write(&shell.path("keyring.json"));
    let said = shell.run(&script("docs/operations.md", "Backup and restore"));
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
