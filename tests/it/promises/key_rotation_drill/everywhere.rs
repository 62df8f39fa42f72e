//! `examples/rotate-everywhere.sh`: one keyring is renewed, and every node reads it.

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
    fn rotate(&self, rotate: &str) -> Output {
        let own = env::var_os("PATH").unwrap_or_default();
        let server = built().server.parent().expect("a directory").to_owned();
        let path = env::join_paths([server].into_iter().chain(env::split_paths(&own))).expect("plain paths");
        let node =
            |node: &Redis| format!("127.0.0.1:{}={}", node.port(), node.path("keyring.json").display());
        Command::new(repository().join("examples/rotate-everywhere.sh"))
            .arg(self.dir.path().join("keyring.json"))
            .args(self.nodes.iter().map(node))
            .envs([("PATH", path), ("COPY", self.dir.path().join("copy").into())])
            .envs([("ROTATE", rotate), ("ROTATE_OPTIONS", "--activate-in 0s")])
            .output()
            .expect("it runs")
    }

    /// Returns which key each node signs with.
    fn signing(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.connect().info("signing_kid")).collect()
    }
}

#[test]
fn the_script_renews_the_keys_of_every_node() {
    let site = Site::start();
    let before = site.signing();
    let old = site.nodes[0].connect().issue("auth:42", &[]).unwrap();
    let output = site.rotate("");
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
    let output = site.rotate("");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.contains(&away)), (Some(1), true), "{output:?}");
    site.nodes[1].restart();
    let output = site.rotate("no");
    assert!(output.status.success(), "{output:?}");
    let after = site.signing();
    assert!(after.iter().all(|kid| *kid == after[0]), "{after:?}");
}
