//! The package for browsers, as an application installs it: types, Node.js. tests/it/tools/browser.rs runs it bundled.

use crate::support::{
    build::repository,
    http_server::directory,
    tools::{installed, node, succeeds, tool_path},
};

/// Runs a script with a folder of its own.
#[track_caller]
fn passes(script: &str) {
    installed("tests/browser/node_modules/typescript");
    let dir = directory();
    let mut command = node();
    command
        .arg(repository().join("tests/browser").join(script))
        .env("PATH", tool_path())
        .env("DIR", dir.path());
    succeeds(script, &mut command);
}

#[test]
fn typescript_takes_the_package_as_it_is() {
    passes("types.mjs");
}

#[test]
fn node_imports_the_package() {
    passes("node_import.mjs");
}
