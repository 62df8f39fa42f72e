//! Programs that we did not write and test against. `make test-tools` installs them.

use std::{env, path::PathBuf, process::Command};

use super::build::repository;

/// The Python environment with everything from PyPI.
const PYTHON_TOOLS: &str = "target/test-tools/bin";

/// Returns a program in the Python environment.
#[track_caller]
pub fn tool(name: &str) -> PathBuf {
    installed(&format!("{PYTHON_TOOLS}/{name}"))
}

/// Returns a path, from the root of the repository, that `make test-tools` creates.
#[track_caller]
pub fn installed(path: &str) -> PathBuf {
    let found = repository().join(path);
    assert!(found.exists(), "{path} is missing: `make test-tools` installs it");
    found
}

/// Runs a program that must succeed, and returns its output; else panics with `what` and all its output.
#[track_caller]
pub fn succeeds(what: &str, command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{what}: {}", said.concat());
    let [output, _] = said;
    output
}

/// Returns a program from a system package; not all of them are on every user's path.
#[track_caller]
pub fn system_program(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/bin".into()]);
    let found = places.map(|place| place.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: `make test-tools` installs it"))
}
