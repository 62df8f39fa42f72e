//! The shipped configuration of Envoy, which no package has: it fits the schema, and has the required parts.

use std::{path::Path, process::Command};

use crate::support::{build::repository, tools};

/// Runs the checker on a configuration, and returns its complaint if it has one.
fn check(config: &Path) -> Result<(), String> {
    let checker = repository().join("tests/tools/check_envoy.py");
    let output = Command::new(tools::tool("python")).arg(checker).arg(config).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

#[test]
fn envoys_configuration_fits_the_schema() {
    let config = repository().join("examples/envoy.yaml");
    assert_eq!(check(&config), Ok(()));
    // The checker must refuse something.
    let text = std::fs::read_to_string(config).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for (right, wrong) in [
        ("path_prefix: /verify", "path_prefixes: /verify"),
        ("v3.ExtAuthz\n", "v3.ExtraAuthz\n"),
        ("stat_prefix: web", "stat_prefix: \"\""),
        ("safe_regex: { regex", "safe_regexes: { regex"),
        ("timeout: 5s", "timeout: soon"),
    ] {
        assert!(text.contains(right), "{right}");
        let broken = dir.path().join("envoy.yaml");
        std::fs::write(&broken, text.replacen(right, wrong, 1)).unwrap();
        assert!(check(&broken).is_err(), "{wrong}");
    }
}
