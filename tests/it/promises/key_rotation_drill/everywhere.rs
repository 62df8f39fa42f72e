//! `examples/rotate-everywhere.sh`: one keyring is renewed, and every node reads it. `packaging/rotate-keys` does it for one.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::support::{
    build::{built, repository},
    *,
};

/// An administrator's directory with the keyring, and the nodes, each with a copy of it.
struct Site {
    dir: TempDir,
    nodes: Vec<Redis>,
}

impl Site {
    fn start() -> Self {
        let (dir, ring) = (tempfile::tempdir().expect("a temporary directory"), Keyring::default());
        ring.write(&dir.path().join("keyring.json"));
        let node = || Redis::builder().keyring(ring.clone()).tcp().start();
        let copy = dir.path().join("copy");
        fs::write(&copy, "#!/bin/sh\ncp -p \"$1\" \"$3.new\" && mv \"$3.new\" \"$3\"\n").expect("a script");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("its mode");
        Self { dir, nodes: vec![node(), node(), node()] }
    }

    /// Runs the script for all nodes; it copies without ssh.
    fn rotate(&self, rotate: &str, options: &str) -> Output {
        self.rotate_by("copy", rotate, options)
    }

    /// Runs the script with a program of this directory that copies.
    fn rotate_by(&self, copy: &str, rotate: &str, options: &str) -> Output {
        let node =
            |node: &Redis| format!("127.0.0.1:{}={}", node.port(), node.path("keyring.json").display());
        script("examples/rotate-everywhere.sh")
            .arg(self.dir.path().join("keyring.json"))
            .args(self.nodes.iter().map(node))
            .env("COPY", self.dir.path().join(copy))
            .envs([("ROTATE", rotate), ("ROTATE_OPTIONS", options)])
            .output()
            .expect("it runs")
    }

    /// Returns which key each node signs with.
    fn signing(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.connect().info("signing_kid")).collect()
    }
}

/// Returns a command that runs a script, which finds hallpass-server.
fn script(path: &str) -> Command {
    let own = env::var_os("PATH").unwrap_or_default();
    let server = built().server.parent().expect("a directory").to_owned();
    let programs = env::join_paths([server].into_iter().chain(env::split_paths(&own))).expect("plain paths");
    let mut command = Command::new(repository().join(path));
    command.env("PATH", programs);
    command
}

/// Returns how many public keys a node knows.
fn keys(node: &Redis) -> Option<usize> {
    node.connect().jwks()["keys"].as_array().map(Vec::len)
}

const AT_ONCE: &str = "--activate-in 0s";

#[test]
fn the_script_renews_the_keys_of_every_node() {
    let site = Site::start();
    let before = site.signing();
    let old = site.nodes[0].connect().issue("auth:42", &[]).unwrap();
    let output = site.rotate("", AT_ONCE);
    assert!(output.status.success(), "{output:?}");
    let after = site.signing();
    assert!(after.iter().all(|kid| *kid == after[0] && *kid != before[0]), "{after:?}");
    let mut con = site.nodes[0].connect();
    con.verify("auth:42", &old.access, &[]).unwrap();
    con.refresh("auth:42", &old.refresh, &[]).unwrap();
    assert_eq!(con.info("keyring_stale"), "0");
}

#[test]
fn the_script_names_a_node_that_is_away_and_can_be_run_again_for_it() {
    let mut site = Site::start();
    site.nodes[1].stop();
    let away = format!("127.0.0.1:{}: not reloaded", site.nodes[1].port());
    let output = site.rotate("", AT_ONCE);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.contains(&away)), (Some(1), true), "{output:?}");
    site.nodes[1].restart();
    let output = site.rotate("no", AT_ONCE);
    assert!(output.status.success(), "{output:?}");
    let after = site.signing();
    assert!(after.iter().all(|kid| *kid == after[0]), "{after:?}");
}

/// Seen to fail where the refusal of a second rotation ended the script.
#[test]
fn the_script_copies_and_reloads_keys_that_wait_already() {
    let site = Site::start();
    assert_eq!(site.rotate_by("no-such-program", "", "").status.code(), Some(1));
    let output = site.rotate("", "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("waits already"), "{output:?}");
    for node in &site.nodes {
        assert_eq!(keys(node), Some(2), "{output:?}");
    }
}

#[test]
fn a_rotation_that_redis_did_not_hear_of_is_made_known_by_the_next_run() {
    let node = Redis::builder().tcp().start();
    let rotate = |port: u16| {
        let output = script("packaging/rotate-keys")
            .env("KEYRING", node.path("keyring.json"))
            .env("REDIS_CLI_OPTIONS", format!("-p {port}"))
            .output();
        output.expect("it runs")
    };
    // Nobody can listen on port 0.
    assert!(!rotate(0).status.success());
    assert_eq!(keys(&node), Some(1));
    let output = rotate(node.port());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("waits already"), "{output:?}");
    assert_eq!(keys(&node), Some(2), "{output:?}");
}
