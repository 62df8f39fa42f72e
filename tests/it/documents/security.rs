//! docs/security.md: every line about a standard names tests that exist, or says that there is none; and a missing right is
//! found as written.

use std::{fs, path::Path};

use super::{
    pages::{project_file, script},
    shell::Shell,
};
use crate::support::Keyring;

/// What a line may say instead of a test.
const WITHOUT: [&str; 3] = ["*yours*", "*not met*", "*no such part*"];

/// Returns whether the tests have this function in this module.
fn is_a_test(name: &str) -> bool {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("it");
    let Some((module, function)) = name.rsplit_once("::") else { return false };
    let path = module.replace("::", "/");
    let defines = |end: &str| {
        let text = fs::read_to_string(tests.join(format!("{path}{end}")));
        text.is_ok_and(|text| text.contains(&format!("fn {function}(")))
    };
    defines(".rs") || defines("/mod.rs")
}

#[test]
fn every_line_about_a_standard_names_a_test_that_exists() {
    let page = project_file("docs/security.md");
    let (_, standards) = page.split_once("\n## Standards\n").unwrap();
    let rows = standards.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|line| line.strip_suffix(" |")?.rsplit(" | ").next());
    let cells: Vec<_> = cells.filter(|cell| !["test", "---"].contains(cell)).collect();
    assert!(cells.len() > 60, "{cells:?}");
    for name in cells.into_iter().filter(|cell| !WITHOUT.contains(cell)).flat_map(|cell| cell.split(", ")) {
        assert!(
            name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).is_some_and(is_a_test),
            "{name}"
        );
    }
}

#[test]
fn a_missing_right_is_found_as_written() {
    let shell = Shell::new();
    Keyring::default().write(&shell.path("keyring.json"));
    let roles =
        project_file("examples/users.acl").replace("user default on >secret", "user default on nopass");
    fs::write(shell.path("users.acl"), roles).unwrap();
    shell.run(
        "redis-server ./redis.conf --aclfile users.acl --daemonize yes
         until redis-cli PING | grep -q PONG; do sleep 0.1; done
         redis-cli --user verifier --pass secret AUTH.ISSUE auth:42 2>&1 | grep NOPERM",
    );
    let said = shell.run(&script("docs/security.md", "Redis users and rights"));
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.contains(&"auth.issue") && lines.contains(&"verifier"), "{said}");
    assert_eq!(lines.last(), Some(&"OK"), "{said}");
}
