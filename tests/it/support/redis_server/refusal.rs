//! A redis-server that must refuse to start.

use std::{
    fs,
    io::Read,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::support::{SOON, build::redis_server, process::Process, wait_for};

/// Returns the log of a redis-server that must refuse to start with this configuration, given the directory for its
/// files.
#[track_caller]
pub fn refuses_to_start(config: impl Fn(&Path) -> String) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path();
    let text = format!(
        "port 0\nunixsocket {0}/redis.sock\ndir {0}\nlogfile {0}/redis.log\nsave \"\"\n{1}\n",
        path.display(),
        config(path)
    );
    fs::write(path.join("redis.conf"), text).expect("a config file");
    let output = Command::new(redis_server())
        .arg(path.join("redis.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut process = Process::new(output.expect("redis-server starts"));
    let logged = || fs::read_to_string(path.join("redis.log")).unwrap_or_default();
    let status = wait_for("redis-server refuses or starts", SOON, || {
        let has_started = logged().contains("ready to accept connections");
        has_started.then_some(None).or_else(|| process.exit_within(Duration::ZERO).map(Some))
    });
    process.kill();
    let mut log = logged();
    let child = process.child();
    child.stderr.take().expect("a pipe").read_to_string(&mut log).ok();
    child.stdout.take().expect("a pipe").read_to_string(&mut log).ok();
    assert!(status.is_some_and(|status| !status.success()), "it started: {log}");
    log
}
