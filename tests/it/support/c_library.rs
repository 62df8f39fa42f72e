//! Shared libraries in C that tests load into redis-server.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// Compiles `<name>.c`, which lies beside this file, into `dir`, with the C compiler that the build needs, too.
#[track_caller]
pub fn compiled(name: &str, dir: &Path) -> PathBuf {
    let source = format!("{}/it/support/{name}.c", env!("CARGO_MANIFEST_DIR"));
    let library = dir.join(format!("{name}.so"));
    let compiler = env::var_os("CC").unwrap_or("cc".into());
    let mut command = Command::new(compiler);
    command.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library).arg(source);
    assert!(command.status().expect("a C compiler").success());
    library
}
