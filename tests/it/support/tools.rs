//! Programs that we did not write and test against. `make test-tools` installs them.

use std::{env, ffi::OsString, path::PathBuf, process::Command};

use super::build::repository;

/// The Python environment with everything from PyPI.
const PYTHON_TOOLS: &str = "target/test-tools/bin";

/// Returns a program in the Python environment.
#[track_caller]
pub fn tool(name: &str) -> PathBuf {
    installed(&format!("{PYTHON_TOOLS}/{name}"))
}

/// Returns Node.js itself: the program from PyPI only starts it, and would leave it running.
#[track_caller]
pub fn node() -> Command {
    let output = Command::new(tool("node")).args(["-p", "process.execPath"]).output().expect("it runs");
    Command::new(String::from_utf8(output.stdout).expect("a path").trim())
}

/// Returns the search path with everything from PyPI first, npm included.
pub fn tool_path() -> OsString {
    let own = env::var_os("PATH").unwrap_or_default();
    let all = [repository().join(PYTHON_TOOLS)].into_iter().chain(env::split_paths(&own));
    env::join_paths(all).expect("plain paths")
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
