//! A hallpass-server for one test: with its private Redis, or in front of the test's; both end on drop.

use std::{
    fs::{self, File},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::{
    Redis, SOON,
    build::{built, redis_server},
    http::{HttpAnswer, HttpRequest},
    process::{Process, exists},
    wait_for, wait_until,
};

/// A running hallpass-server.
pub struct Server {
    process: Process,
    dir: TempDir,
    address: String,
    secret: String,
}

/// The issuer that [`Server::before`] expects its Redis to have.
pub const ISSUER: &str = "https://id.example";

impl Server {
    /// Starts with a private Redis, in an empty directory.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_in(directory(), &[])
    }

    /// Starts with a private Redis, in a directory that may hold data, and with more flags.
    #[track_caller]
    pub fn start_in(dir: TempDir, flags: &[&str]) -> Self {
        let module = built().module.to_str().expect("a plain path");
        let redis = redis_server();
        let redis = if redis.components().count() > 1 { redis.to_str() } else { None };
        let mut all = vec!["--module-path", module];
        all.extend(redis.map(|path| ["--redis-server", path]).into_iter().flatten());
        all.extend(flags);
        let mut server = Self::launch(dir, &all);
        let secret = fs::read_to_string(server.data("client-secret")).expect("the secret of local");
        server.secret = secret.trim().to_owned();
        server
    }

    /// Starts in front of `redis`, whose issuer is [`ISSUER`], with one client `local` that has all scopes.
    #[track_caller]
    pub fn before(redis: &Redis, flags: &[&str]) -> Self {
        Self::before_url(&format!("unix:{}", redis.socket().display()), flags)
    }

    /// Starts in the same way, with the URL of that Redis.
    #[track_caller]
    pub fn before_url(url: &str, flags: &[&str]) -> Self {
        let dir = directory();
        let secret = add_client(dir.path(), "local", &["--scope", "issue,introspect,manage"]);
        let own = clients_file(dir.path());
        let own = ["--clients-file", own.to_str().expect("a plain path")];
        let clients = if flags.contains(&own[0]) { &[][..] } else { &own };
        let mut server = Self::launch(dir, &[&["--redis-url", url], clients, flags].concat());
        server.secret = secret;
        server
    }

    #[track_caller]
    fn launch(dir: TempDir, flags: &[&str]) -> Self {
        let server = Self::listen(dir, flags);
        // With the routes for the operator elsewhere, the keys are what needs Redis.
        let is_ready = |path: &str| server.get(path).status == 200;
        wait_until("hallpass-server is ready", SOON, || {
            is_ready("/readyz") || is_ready("/.well-known/jwks.json")
        });
        server
    }

    /// In front of a Redis that cannot be used yet, with the client `local`.
    #[track_caller]
    pub fn waiting_for(url: &str, flags: &[&str]) -> Self {
        let dir = directory();
        let secret = add_client(dir.path(), "local", &["--scope", "issue,introspect,manage"]);
        let file = clients_file(dir.path());
        let own = ["--redis-url", url, "--clients-file", file.to_str().expect("a plain path")];
        let mut server = Self::listen(dir, &[&own, flags].concat());
        server.secret = secret;
        wait_until("it says that it waits", SOON, || server.log().contains("waiting for Redis"));
        server
    }

    /// Starts it and waits until it listens.
    #[track_caller]
    fn listen(dir: TempDir, flags: &[&str]) -> Self {
        let process = spawn(dir.path(), flags);
        Self::listening(dir, process)
    }

    /// In front of the Redis at this URL, with these environment variables instead of flags.
    #[track_caller]
    pub fn with_variables(url: &str, variables: &[(&str, &str)]) -> Self {
        let dir = directory();
        let process = spawn_with(dir.path(), &["--redis-url", url], variables);
        let server = Self::listening(dir, process);
        wait_until("hallpass-server is ready", SOON, || server.get("/readyz").status == 200);
        server
    }

    /// In front of `redis`, at the unix socket that the flags name.
    #[track_caller]
    pub fn at_socket(redis: &Redis, socket: &Path, flags: &[&str]) -> Self {
        let dir = directory();
        let url = format!("unix:{}", redis.socket().display());
        let mut process = spawn(dir.path(), &[&["--redis-url", &url], flags].concat());
        wait_until("hallpass-server listens", SOON, || {
            let complaint = || fs::read_to_string(dir.path().join("stderr")).unwrap_or_default();
            assert!(process.is_running(), "it ended: {}", complaint());
            UnixStream::connect(socket).is_ok()
        });
        Self { process, dir, address: String::new(), secret: String::new() }
    }

    /// Waits until it listens.
    #[track_caller]
    fn listening(dir: TempDir, mut process: Process) -> Self {
        let output = dir.path().join("stdout");
        let address = wait_for("hallpass-server prints its address", SOON, || {
            let text = fs::read_to_string(&output).unwrap_or_default();
            let found = printed_address(&text);
            let complaint = || fs::read_to_string(dir.path().join("stderr")).unwrap_or_default();
            assert!(found.is_some() || process.is_running(), "it ended: {}", complaint());
            found
        });
        Self { process, dir, address, secret: String::new() }
    }

    /// Returns `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Returns the secret of the client `local`.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Returns its working directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns a file in its data directory.
    pub fn data(&self, name: &str) -> PathBuf {
        self.dir.path().join("data").join(name)
    }

    /// Returns its output.
    pub fn printed(&self) -> String {
        fs::read_to_string(self.dir.path().join("stdout")).expect("its output")
    }

    /// Returns its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("stderr")).expect("its log")
    }

    /// Returns a request to `path`.
    pub fn request(&self, method: &str, path: &str) -> HttpRequest {
        HttpRequest::new(method, &format!("http://{}{path}", self.address))
    }

    /// Sends `GET path`.
    pub fn get(&self, path: &str) -> HttpAnswer {
        self.request("GET", path).send()
    }

    /// Sends `POST /sessions` as `local`.
    pub fn sessions(&self, body: &Json) -> HttpAnswer {
        self.request("POST", "/sessions").basic("local", &self.secret).json(body).send()
    }

    /// Returns the token response of a new session for `subject`.
    #[track_caller]
    pub fn login(&self, subject: &str) -> HttpAnswer {
        let answer = self.sessions(&json!({ "subject": subject }));
        assert_eq!(answer.status, 201, "{answer:?}");
        answer
    }

    /// Sends `POST /token` with a refresh token and more parameters.
    pub fn token(&self, refresh: &str, more: &[(&str, &str)]) -> HttpAnswer {
        let fixed = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        self.request("POST", "/token").form(&[&fixed, more].concat()).send()
    }

    /// Sends `GET /verify` with a bearer token.
    pub fn verify(&self, token: &str) -> HttpAnswer {
        self.request("GET", "/verify").bearer(token).send()
    }

    /// Returns its process id.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Returns the process id of its private Redis.
    pub fn redis_pid(&self) -> u32 {
        child_of(self.pid()).expect("a private redis-server")
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Sends it SIGHUP.
    pub fn hang_up(&self) {
        self.process.signal(Signal::HUP);
    }

    /// Returns the complaint with which it ends by itself.
    #[track_caller]
    pub fn complaint(mut self) -> String {
        let status = self.process.exit_within(SOON);
        assert!(status.is_some_and(|status| !status.success()), "it goes on: {}", self.log());
        self.log()
    }

    /// Stops it with SIGTERM, asserts that its Redis has ended, too, and returns its directory.
    #[track_caller]
    pub fn stop(mut self) -> TempDir {
        let redis = child_of(self.process.id());
        let status = self.process.terminate(SOON);
        assert!(status.is_some_and(|status| status.success()), "no clean stop: {}", self.log());
        if let Some(redis) = redis {
            wait_until("its redis-server is gone", SOON, || !exists(redis));
        }
        std::mem::replace(&mut self.dir, directory())
    }

    /// Kills it with SIGKILL, which leaves its Redis behind, and returns its directory.
    pub fn kill(mut self) -> TempDir {
        self.process.kill();
        std::mem::replace(&mut self.dir, directory())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let redis = child_of(self.process.id());
        self.process.terminate(SOON);
        let left = redis.filter(|&redis| !gone_within(redis, SOON));
        assert!(left.is_none() || std::thread::panicking(), "a redis-server was left behind");
    }
}

/// Creates an empty directory.
pub fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// Returns the clients file inside `dir`.
pub fn clients_file(dir: &Path) -> PathBuf {
    dir.join("clients.json")
}

/// Adds a client to the file in `dir` and returns its secret.
#[track_caller]
pub fn add_client(dir: &Path, id: &str, more: &[&str]) -> String {
    let output = Command::new(&built().server)
        .args(["clients", "add", "--id", id, "--clients-file"])
        .arg(clients_file(dir))
        .args(more)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let secret = text.split_whitespace().max_by_key(|word| word.len());
    secret.expect("a secret").to_owned()
}

/// Returns the message of a server that must refuse to start in `dir` with these flags.
#[track_caller]
pub fn refuses_to_serve(dir: &Path, flags: &[&str]) -> String {
    let mut process = spawn(dir, flags);
    let status = process.exit_within(SOON);
    let complaint = fs::read_to_string(dir.join("stderr")).expect("its log");
    assert!(status.is_some_and(|status| !status.success()), "it started: {complaint}");
    complaint
}

/// Starts hallpass-server in `dir` on a free port, with its output in files.
fn spawn(dir: &Path, flags: &[&str]) -> Process {
    spawn_with(dir, flags, &[])
}

/// The same, with these environment variables.
fn spawn_with(dir: &Path, flags: &[&str], variables: &[(&str, &str)]) -> Process {
    let file = |name: &str| File::create(dir.join(name)).expect("an output file");
    let mut command = Command::new(&built().server);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HALLPASS_")) {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    let listen = if flags.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] };
    command.args(listen).args(flags).current_dir(dir);
    let child = command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr")).spawn();
    Process::new(child.expect("hallpass-server starts"))
}

/// Returns the address on the loopback that `text` says is listened on, once its line is complete.
fn printed_address(text: &str) -> Option<String> {
    let (complete, _) = text.rsplit_once('\n')?;
    let rest = complete.split("listens on http://").nth(1)?.split_once(':')?.1;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(format!("127.0.0.1:{port}"))
}

/// Returns the process whose parent is `parent`.
fn child_of(parent: u32) -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?;
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    ids.into_iter().find(|id| parent_of(*id) == Some(parent))
}

/// Returns the parent of a process.
fn parent_of(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// Returns whether a process ends within `patience`.
fn gone_within(id: u32, patience: Duration) -> bool {
    let started = std::time::Instant::now();
    while exists(id) {
        if started.elapsed() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}
