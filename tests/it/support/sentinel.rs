//! A primary and a replica, watched by three real Sentinels; all end on drop.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use super::{
    AuthCommands, Con, Keyring, Redis, SOON, build::redis_server, ports::free_port, process::Process,
    redis_server::spawn, wait_for, wait_until,
};

/// The Sentinels' name of the primary.
pub const MASTER: &str = "sessions";
/// The number of Sentinels that must agree that the primary is down.
const QUORUM: usize = 2;
/// The silence in milliseconds after which a Sentinel takes a server for failed: while all run, longer than a busy machine lets
/// a process wait, or the Sentinels would promote the replica by themselves; and while a failover is waited for.
const CALM: u32 = 30_000;
const ALERT: u32 = 1000;

/// Two Redis servers and their Sentinels.
pub struct Sentinels {
    sentinels: Vec<Sentinel>,
    /// One of them is the primary; initially the first.
    pub servers: [Redis; 2],
}

/// A running Sentinel.
struct Sentinel {
    // Dropped before its directory, so that it has ended by then.
    _process: Process,
    port: u16,
    _dir: TempDir,
}

impl Sentinels {
    /// Starts everything, with more lines of configuration for the two servers; returns when all know each other.
    #[track_caller]
    pub fn start(lines: &[&str]) -> Self {
        let ring = Keyring::default();
        let builder = || {
            let builder = Redis::builder().keyring(ring.clone()).tcp();
            lines.iter().fold(builder, |builder, line| builder.line(line))
        };
        let primary = builder().start();
        let replica = builder().line(&format!("replicaof 127.0.0.1 {}", primary.port())).start();
        replica.wait_until_in_sync();
        Self::watching([primary, replica])
    }

    /// Starts Sentinels that watch a primary and its replica; returns when all know each other.
    #[track_caller]
    pub fn watching(servers: [Redis; 2]) -> Self {
        let sentinels: Vec<_> = (0..3).map(|_| Sentinel::start(servers[0].port())).collect();
        let all = Self { sentinels, servers };
        all.wait_until_acquainted();
        all
    }

    /// Returns the value of `--redis-url`, with the addresses of all Sentinels.
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port)).collect();
        format!("redis-sentinel://{}/{MASTER}", hosts.join(","))
    }

    /// Returns the ports of the Sentinels.
    #[cfg(feature = "tools")]
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        self.sentinels.iter().map(|sentinel| sentinel.port)
    }

    /// Returns the server that all Sentinels consider the primary; `None` while they disagree.
    pub fn primary(&self) -> Option<usize> {
        let mut ports = self.sentinels.iter().map(|sentinel| sentinel.primary());
        let first = ports.next()?;
        let all_agree = ports.all(|port| port == first);
        all_agree.then(|| self.servers.iter().position(|server| server.port() == first))?
    }

    /// Has `former` hand over while all servers run. A busy machine can make the Sentinels give a failover up; it is
    /// requested again then.
    #[track_caller]
    pub fn hand_over(&self, former: usize) -> usize {
        self.wait_for_failover_while(former, || {
            if self.sentinels[0].primary() == self.servers[former].port() {
                // Refused while a failover is going on.
                let _ = self.sentinels[0].connect().run(&["SENTINEL", "FAILOVER", MASTER]);
            }
        })
    }

    /// Waits until the Sentinels have promoted another server than `former`, which hangs or is dead.
    #[track_caller]
    pub fn wait_for_failover(&self, former: usize) -> usize {
        self.be_patient(ALERT);
        let heir = self.wait_for_failover_while(former, || ());
        self.be_patient(CALM);
        heir
    }

    /// Sets the silence after which the Sentinels take a server for failed.
    fn be_patient(&self, milliseconds: u32) {
        for sentinel in &self.sentinels {
            let set = ["SENTINEL", "SET", MASTER, "down-after-milliseconds", &milliseconds.to_string()];
            sentinel.connect().get::<()>(&set);
        }
    }

    /// Does `step` again and again until the Sentinels have promoted another server than `former`. A Sentinel that a busy
    /// machine delayed for two seconds decides nothing for thirty (its TILT mode).
    #[track_caller]
    fn wait_for_failover_while(&self, former: usize, step: impl Fn()) -> usize {
        let heir = wait_for("the Sentinels agree on a new primary", 3 * SOON, || {
            step();
            self.primary().filter(|&primary| primary != former)
        });
        wait_until("it is one", SOON, || self.servers[heir].is_primary());
        heir
    }

    /// Waits until a former primary follows its heir, as soon as a Sentinel is out of TILT, and has all its data.
    #[track_caller]
    pub fn wait_until_following(&self, former: usize) {
        let server = &self.servers[former];
        wait_until("the former primary follows", 3 * SOON, || !server.is_primary());
        server.wait_until_in_sync();
    }

    /// Waits until each Sentinel knows the replica and the other Sentinels.
    #[track_caller]
    fn wait_until_acquainted(&self) {
        let others = self.sentinels.len() - 1;
        let expected = format!("slaves=1,sentinels={}", others + 1);
        for sentinel in &self.sentinels {
            let mut con = sentinel.connect();
            wait_until("a Sentinel knows everybody", SOON, || {
                con.get::<String>(&["INFO", "sentinel"]).contains(&expected)
            });
        }
    }
}

impl Sentinel {
    /// Starts a Sentinel that watches the primary at `port`.
    fn start(primary: u16) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for _ in 0..5 {
            let port = free_port();
            let config = dir.path().join("sentinel.conf");
            fs::write(&config, configuration(dir.path(), port, primary)).expect("a config file");
            let mut process = spawn(Command::new(redis_server()).arg(&config).arg("--sentinel"));
            let up = wait_for("a Sentinel answers or ends", SOON, || match process.is_running() {
                true => open(port).map(|_| true),
                false => Some(false),
            });
            if up {
                return Self { _process: process, port, _dir: dir };
            }
        }
        panic!("no Sentinel in five attempts");
    }

    fn connect(&self) -> Con {
        open(self.port).expect("a Sentinel that runs")
    }

    /// Returns the port of the server that it considers the primary.
    fn primary(&self) -> u16 {
        let (_, port): (String, u16) = self.connect().get(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]);
        port
    }
}

/// Returns the initial configuration of a Sentinel, which rewrites the file later.
fn configuration(dir: &Path, port: u16, primary: u16) -> String {
    let dir = dir.display();
    format!(
        "port {port}\nbind 127.0.0.1\ndir {dir}\nlogfile {dir}/sentinel.log\n\
         sentinel monitor {MASTER} 127.0.0.1 {primary} {QUORUM}\n\
         sentinel down-after-milliseconds {MASTER} {CALM}\nsentinel failover-timeout {MASTER} 5000\n"
    )
}

/// Returns a connection to the Sentinel at `port`, if one listens.
fn open(port: u16) -> Option<Con> {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).expect("a url");
    let connection = client.get_connection().ok()?;
    connection.set_read_timeout(Some(SOON)).expect("a timeout");
    Some(connection)
}
