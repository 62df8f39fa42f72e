//! A redis-server for one test: in a directory of its own, with the module, ended on drop.

mod builder;
mod refusal;

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::{net::UnixStream, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use tempfile::TempDir;

pub use builder::Builder;
pub use refusal::refuses_to_start;

use super::{
    AuthCommands, Con, Keyring, Raw, SOON, build::redis_server, process::Process, wait_for, wait_until,
};

/// Words in the log that only a crash, a failed assertion or a panic leaves; each server puts its own name before the
/// first.
const CRASH: [&str; 4] = [" BUG REPORT START", "ASSERTION FAILED", "panicked", "Guru Meditation"];

/// A running redis-server.
pub struct Redis {
    process: Option<Process>,
    port: u16,
    bus_port: u16,
    ring: Keyring,
    env: Vec<(String, String)>,
    launcher: &'static [&'static str],
    dir: TempDir,
}

impl Redis {
    /// Starts with the module, a fresh keyring, and defaults for everything else.
    #[track_caller]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Starts with more lines of configuration.
    #[track_caller]
    pub fn with(lines: &[&str]) -> Self {
        Self::builder().lines(lines).start()
    }

    /// Returns a builder, for further settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Starts a replica of `primary`, which must listen on TCP; returns when it is in sync.
    pub fn replica_of(primary: &Self) -> Self {
        let replica = Self::builder()
            .keyring(primary.ring.clone())
            .tcp()
            .line(&format!("replicaof 127.0.0.1 {}", primary.port))
            .start();
        replica.wait_until_in_sync();
        replica
    }

    /// Waits until this replica has everything that its primary has now.
    #[track_caller]
    pub fn wait_until_in_sync(&self) {
        wait_until("the replica is in sync", SOON, || self.replication().contains("master_link_status:up"));
    }

    /// Waits until its one replica has everything that was written until now.
    #[track_caller]
    pub fn wait_until_replicated(&self) {
        let offset = |start: &str| -> u64 {
            let text = self.replication();
            let (_, rest) = text.split_once(start).unwrap_or_default();
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or_default()
        };
        let written = offset("master_repl_offset:");
        wait_until("the replica has everything", SOON, || offset(",offset=") >= written);
    }

    /// Returns whether it is a primary.
    pub fn is_primary(&self) -> bool {
        self.replication().contains("role:master")
    }

    /// Returns `INFO replication`. A server that changes its role closes its connections, and is asked again.
    fn replication(&self) -> String {
        wait_for("INFO replication", SOON, || {
            let text = self.try_open("").ok()?.run(&["INFO", "replication"]).ok()?;
            Some(redis::from_redis_value(text).expect("text"))
        })
    }

    /// Returns a connection in RESP2.
    pub fn connect(&self) -> Con {
        self.open("")
    }

    /// Returns a connection in RESP3.
    pub fn connect3(&self) -> Con {
        self.open("?protocol=resp3")
    }

    /// Returns a connection in RESP2 as an ACL user.
    pub fn connect_as(&self, user: &str, password: &str) -> Con {
        self.open(&format!("?user={user}&pass={password}"))
    }

    /// Returns a connection without a client library.
    pub fn raw(&self) -> Raw {
        Raw::connect(&self.socket())
    }

    /// Returns everything logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("redis.log")).unwrap_or_default()
    }

    /// Returns whether the log contains a crash.
    pub fn has_logged_a_crash(&self) -> bool {
        let log = self.log();
        CRASH.iter().any(|words| log.contains(words))
    }

    /// Returns the keys in its file.
    pub fn ring(&self) -> &Keyring {
        &self.ring
    }

    /// Returns the unix socket.
    pub fn socket(&self) -> PathBuf {
        self.path("redis.sock")
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// Returns the TCP port; 0 if there is none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the port for the other nodes of a cluster; 0 outside a cluster.
    pub fn bus_port(&self) -> u16 {
        self.bus_port
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn wait_until_ended(&mut self) {
        let process = self.process.as_mut().expect("it was started");
        wait_until("redis-server ends", SOON, || !process.is_running());
    }

    /// Returns whether it was started and neither stopped nor killed since.
    pub fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// Returns a path inside its directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Sends it `signal`.
    pub fn signal(&self, signal: Signal) {
        self.process.as_ref().expect("it runs").signal(signal);
    }

    /// Limits the size of its files to this many bytes, or removes the limit.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).expect("the child is ours");
    }

    /// Stops it cleanly, so that all persistent data is written.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let status = process.terminate(SOON);
            let is_clean = status.is_some_and(|status| status.success());
            assert!(is_clean, "no clean stop, {status:?}: {}", self.log());
        }
    }

    /// Kills it with SIGKILL: unwritten data is lost.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
            self.assert_no_crash(process.exit_within(Duration::ZERO));
        }
    }

    /// Panics if it has crashed: if its log says so, or if a signal that no test sends has ended it.
    fn assert_no_crash(&self, status: Option<ExitStatus>) {
        let signal = status.and_then(|status| status.signal());
        let crashed =
            self.has_logged_a_crash() || signal.is_some_and(|signal| signal != Signal::KILL.as_raw());
        assert!(!crashed || thread::panicking(), "redis-server crashed, {status:?}: {}", self.log());
    }

    /// Stops it cleanly, if it runs, and starts it again on the same files.
    pub fn restart(&mut self) {
        self.stop();
        assert!(self.launch(), "no restart: {}", self.log());
    }

    /// Starts with the existing files; false if it ended instead of answering.
    fn launch(&mut self) -> bool {
        let mut process = spawn(launched(self.launcher).arg(self.path("redis.conf")).envs(self.env.clone()));
        let socket = self.socket();
        let up = wait_for("redis-server answers or ends", SOON, || {
            if !process.is_running() {
                return Some(false);
            }
            answers(&socket).then_some(true)
        });
        self.process = Some(process);
        up
    }

    fn open(&self, query: &str) -> Con {
        self.try_open(query).expect("a connection")
    }

    fn try_open(&self, query: &str) -> redis::RedisResult<Con> {
        let url = format!("redis+unix://{}{query}", self.socket().display());
        let client = redis::Client::open(url).expect("a url");
        let connection = client.get_connection()?;
        connection.set_read_timeout(Some(SOON)).expect("a timeout");
        Ok(connection)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let process = self.process.take();
        let status = process.and_then(|mut process| process.terminate(Duration::from_secs(5)));
        self.assert_no_crash(status);
    }
}

/// Returns the command for redis-server, through a launcher if there is one.
fn launched(launcher: &[&str]) -> Command {
    let Some((program, args)) = launcher.split_first() else {
        return Command::new(redis_server());
    };
    let mut command = Command::new(program);
    command.args(args).arg(redis_server());
    command
}

/// Starts a redis-server, whose output goes to its log.
pub(super) fn spawn(command: &mut Command) -> Process {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Process::new(child.expect("redis-server starts"))
}

/// Returns whether a server behind `socket` answers PING; one that cannot get its port may close the connection
/// instead.
fn answers(socket: &Path) -> bool {
    let ping = || -> io::Result<[u8; 7]> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(SOON))?;
        stream.write_all(b"PING\r\n")?;
        let mut reply = [0; 7];
        stream.read_exact(&mut reply)?;
        Ok(reply)
    };
    ping().is_ok_and(|reply| reply == *b"+PONG\r\n")
}
