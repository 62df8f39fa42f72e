//! The configuration of a redis-server for one test.

use std::fs;

use super::{super::ports::free_port, Redis};
use crate::support::{Keyring, build::built};

/// A redis-server to start: settings first, then [`Builder::start`].
pub struct Builder {
    lines: Vec<String>,
    env: Vec<(String, String)>,
    ring: Keyring,
    module: bool,
    tcp: bool,
    cluster: bool,
    launcher: &'static [&'static str],
}

impl Builder {
    /// Creates a builder with the module, a fresh keyring, and defaults for everything else.
    pub(super) fn new() -> Self {
        Self {
            lines: vec![],
            env: vec![],
            ring: Keyring::default(),
            module: true,
            tcp: false,
            cluster: false,
            launcher: &[],
        }
    }

    /// Adds a line to the configuration.
    pub fn line(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    /// Adds lines to the configuration.
    pub fn lines(self, lines: &[&str]) -> Self {
        lines.iter().fold(self, |builder, line| builder.line(line))
    }

    /// Adds an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Uses these keys instead of fresh ones.
    pub fn keyring(mut self, ring: Keyring) -> Self {
        self.ring = ring;
        self
    }

    /// Starts without the module, for `MODULE LOADEX`.
    pub fn without_module(mut self) -> Self {
        self.module = false;
        self
    }

    /// Listens on a TCP port too, for replicas.
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Makes it a node of Redis Cluster, still without slots and other nodes.
    pub fn cluster_node(mut self) -> Self {
        self.cluster = true;
        self.tcp()
    }

    /// Makes a write beyond a file's size limit fail, like on a full disk, instead of ending redis-server.
    pub fn with_a_disk_that_fills(mut self) -> Self {
        self.launcher = &["sh", "-c", "trap '' XFSZ && exec \"$@\"", "sh"];
        self
    }

    /// Starts and waits until it answers.
    #[track_caller]
    pub fn start(self) -> Redis {
        let dir = tempfile::tempdir().expect("a temporary directory");
        self.ring.write(&dir.path().join("keyring.json"));
        let (ring, env) = (self.ring.clone(), self.env.clone());
        let launcher = self.launcher;
        let mut redis = Redis { process: None, port: 0, bus_port: 0, ring, env, launcher, dir };
        // Another process may take the port before it is used.
        for _ in 0..5 {
            redis.port = if self.tcp { free_port() } else { 0 };
            redis.bus_port = if self.cluster { free_port() } else { 0 };
            fs::write(redis.path("redis.conf"), self.config(&redis)).expect("a config file");
            if redis.launch() {
                return redis;
            }
            let log = redis.log();
            assert!(log.contains("Address already in use"), "no start: {log}");
        }
        panic!("no free port in five attempts");
    }

    fn config(&self, redis: &Redis) -> String {
        let dir = redis.dir.path().display();
        let mut text = format!(
            "port {}\nbind 127.0.0.1\nunixsocket {dir}/redis.sock\ndir {dir}\nlogfile {dir}/redis.log\n\
             save \"\"\nappendonly no\nshutdown-timeout 0\nrepl-diskless-sync-delay 0\n\
             enable-debug-command yes\nenable-module-command yes\nhash-max-listpack-value 1024\n",
            redis.port
        );
        if self.module {
            let module = built().module.display();
            text += &format!("loadmodule {module}\nhallpass.keyring-file {dir}/keyring.json\n");
        }
        if self.cluster {
            text += &format!(
                "cluster-enabled yes\ncluster-port {}\ncluster-announce-ip 127.0.0.1\n",
                redis.bus_port
            );
        }
        text + &self.lines.join("\n") + "\n"
    }
}
