//! A shell in which the documents' commands run exactly as they are written.

use std::{
    env, fs,
    fs::File,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::pages::project_file;
use crate::support::{
    build::{built, redis_server},
    http_server,
};

/// A directory like the root of the project after `make build`. A redis-server that was started in it ends with it.
///
/// `redis-server` and `redis-cli` come first on the path in a form that uses a socket in this directory, whatever port
/// is named: ports are shared with everything else that runs on this machine.
pub struct Shell(TempDir);

impl Shell {
    /// Makes the directory, with the shipped redis.conf.
    pub fn new() -> Self {
        let shell = Self(http_server::directory());
        let release = shell.path("target/release");
        fs::create_dir_all(&release).unwrap();
        fs::create_dir(shell.path("bin")).unwrap();
        fs::write(shell.path("redis.conf"), project_file("redis.conf")).unwrap();
        symlink(&built().module, release.join("libhallpass.so")).unwrap();
        for place in [release, shell.path("bin")] {
            symlink(&built().server, place.join("hallpass-server")).unwrap();
        }
        let socket = shell.path("redis.sock");
        let found = |program: &str| shell.run(&format!("command -v {program}")).trim().to_owned();
        let (cli, server) = (found("redis-cli"), found(redis_server().to_str().unwrap()));
        let cli = format!("if [ \"$1\" = -p ]; then shift 2; fi\nexec {cli} -s {} \"$@\"", socket.display());
        let own = format!("--port 0 --unixsocket {} --logfile redis.log", socket.display());
        shell.write_program("redis-cli", &cli);
        shell.write_program("redis-server", &format!("exec {server} \"$@\" {own}"));
        shell
    }

    /// Returns a path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write_program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs commands, each of which must succeed, and returns their output.
    #[track_caller]
    pub fn run(&self, script: &str) -> String {
        run(self.0.path(), script)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // If a command failed, there may be nothing to stop.
        self.run("redis-cli SHUTDOWN NOSAVE > stopped.txt 2>&1 || true");
    }
}

/// Runs commands in `dir`; programs in `bin` inside it come first on the path. The shell reads them from its input, as
/// it does when a block is pasted: a program that reads its input would swallow the rest.
#[track_caller]
pub fn run(dir: &Path, script: &str) -> String {
    let path = format!("{}/bin:{}", dir.display(), env::var("PATH").unwrap());
    fs::write(dir.join("pasted"), format!("{script}\ntouch finished\n")).unwrap();
    let mut shell = Command::new("sh");
    shell.arg("-e").current_dir(dir).env("PATH", path).stdin(File::open(dir.join("pasted")).unwrap());
    let output = shell.output().unwrap();
    let is_finished = fs::remove_file(dir.join("finished")).is_ok();
    let [said, complaints] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success() && is_finished, "{script}: {} {said}{complaints}", output.status);
    said
}
