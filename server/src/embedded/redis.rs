//! The private redis-server as a child process.

use super::data_dir::DataDir;
use super::redis_log::RedisLog;
use super::{orphan, redis_conf};
use crate::cli::Serve;
use anyhow::{Context, Error, Result, anyhow, bail};
use hallpass_admin::atomic_file;
use hallpass_admin::error::cannot;
use hallpass_client::{CommandError, Hallpass, ModuleInfo};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// The time that Redis has to save its data and exit.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// The time after which loading is logged.
const SLOW_START: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Where the module is, from the program's directory: beside it, or in `/usr/lib` where the program is in `/usr/bin`.
const MODULE_PLACES: [&str; 2] = ["libhallpass.so", "../lib/redis/modules/libhallpass.so"];

/// A running redis-server. [`Self::stop`] stops it.
pub struct Redis {
    child: Child,
    log: RedisLog,
    socket: PathBuf,
}

impl Redis {
    /// Starts Redis in the data directory, after stopping one that was left behind.
    pub async fn start(directory: &DataDir, flags: &Serve, issuer: &str) -> Result<Self> {
        let program = program(flags)?;
        let module = module(flags)?;
        let lock = orphan::take_lock(directory).await?;
        let conf = directory.path("redis.conf");
        let text = redis_conf::render(directory, &module, issuer, &flags.set, flags.demo);
        atomic_file::replace(&conf, text.as_bytes()).with_context(cannot("write", &conf))?;
        let (log, output) = RedisLog::open(directory)?;
        let child = spawn(&program, &conf, directory, lock, output)?;
        Ok(Self { child, log, socket: directory.socket() })
    }

    /// Waits until Redis has loaded its data, however long that takes. Fails with the reason if Redis exits.
    pub async fn ready(&mut self, store: &Hallpass) -> Result<ModuleInfo> {
        tokio::select! {
            // Redis may exit right after it has answered.
            biased;
            _ = self.child.wait() => Err(anyhow!("redis-server did not start: {}", self.log.reason())),
            module = answers(store, &self.socket) => {
                module.map_err(|error| anyhow!("the private redis-server is not usable: {error}"))
            }
        }
    }

    /// Waits until Redis exits.
    pub async fn exited(&mut self) {
        // An error means that the child is gone already.
        let _ = self.child.wait().await;
    }

    /// Lets Redis save its data and exit. Does nothing if it has exited already.
    pub async fn stop(&mut self) {
        let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)) else { return };
        if let Err(error) = kill_process(pid, Signal::TERM) {
            tracing::error!("cannot stop redis-server: {error}");
        }
        if timeout(STOP_TIMEOUT, self.child.wait()).await.is_err() {
            tracing::error!("redis-server does not stop; killing it");
            let _ = self.child.kill().await;
        }
    }
}

/// Waits until Redis listens and has loaded its data; until then it refuses connections or answers LOADING.
async fn answers(store: &Hallpass, socket: &Path) -> Result<ModuleInfo, CommandError> {
    while UnixStream::connect(socket).await.is_err() {
        sleep(POLL_INTERVAL).await;
    }
    let slow = Instant::now() + SLOW_START;
    let mut told = false;
    while store.ping().await.is_err() {
        if !told && Instant::now() > slow {
            tracing::info!("Redis is loading its data");
            told = true;
        }
        sleep(POLL_INTERVAL).await;
    }
    store.module_info().await
}

/// Starts the process, in a process group of its own: a Ctrl-C at the terminal is for the server, which stops Redis
/// after its last request.
fn spawn(program: &Path, conf: &Path, directory: &DataDir, lock: File, output: File) -> Result<Child> {
    let errors = output.try_clone().context("cannot start redis-server")?;
    let mut command = Command::new(program);
    command.arg(conf).current_dir(directory.root()).process_group(0);
    command.stdin(Stdio::from(lock)).stdout(Stdio::from(output)).stderr(Stdio::from(errors));
    command.spawn().map_err(|error| cannot_start(program, &error))
}

fn cannot_start(program: &Path, error: &io::Error) -> Error {
    let program = program.display();
    match error.kind() {
        ErrorKind::NotFound => anyhow!(
            "cannot find {program}: install Redis 7.0 or later, name it with --redis-server, or use --redis-url"
        ),
        _ => anyhow!("cannot start {program}: {error}"),
    }
}

/// Returns the program to start: a path, or a name to look up on PATH.
fn program(flags: &Serve) -> Result<PathBuf> {
    match &flags.redis_server {
        // The child runs in another directory, where a relative path would mean something else.
        Some(path) if path.components().count() > 1 => absolute(path),
        Some(name) => Ok(name.clone()),
        None => Ok("redis-server".into()),
    }
}

/// Returns the absolute path of a program. Symbolic links stay: Debian's redis-server is one to redis-check-rdb, which
/// looks at the name that it was started by.
fn absolute(path: &Path) -> Result<PathBuf> {
    fs::metadata(path)
        .and_then(|_| std::path::absolute(path))
        .with_context(cannot("find --redis-server", path))
}

/// Returns the module's path: the named one, or the one that was installed or built with this program.
fn module(flags: &Serve) -> Result<PathBuf> {
    if let Some(path) = &flags.module_path {
        return fs::canonicalize(path).with_context(cannot("find --module-path", path));
    }
    let program =
        std::env::current_exe().map_err(|error| anyhow!("cannot find the path of this program: {error}"))?;
    module_of(&program)
}

fn module_of(program: &Path) -> Result<PathBuf> {
    let places = MODULE_PLACES.map(|place| program.with_file_name(place));
    if let Some(path) = places.iter().find(|path| path.is_file()) {
        return fs::canonicalize(path).with_context(cannot("find", path));
    }
    let [beside, _] = places;
    bail!("there is no module at {}: build it, or name it with --module-path", beside.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_found_beside_the_program_or_where_packages_install_it() {
        let root = tempfile::tempdir().expect("folder");
        let folder = fs::canonicalize(root.path()).expect("absolute");
        let (bin, modules) = (folder.join("bin"), folder.join("lib/redis/modules"));
        for path in [&bin, &modules] {
            fs::create_dir_all(path).expect("folder");
        }
        let program = bin.join("hallpass-server");
        let error = module_of(&program).expect_err("there is none").to_string();
        assert!(error.contains("bin/libhallpass.so") && error.contains("--module-path"), "{error}");
        for found in [modules.join("libhallpass.so"), bin.join("libhallpass.so")] {
            fs::write(&found, "").expect("written");
            assert_eq!(module_of(&program).expect("there"), found);
        }
    }

    #[test]
    fn a_program_named_by_a_symbolic_link_keeps_the_name_of_the_link() {
        let folder = tempfile::tempdir().expect("folder");
        let (target, link) = (folder.path().join("redis-check-rdb"), folder.path().join("redis-server"));
        fs::write(&target, "").expect("target");
        std::os::unix::fs::symlink(&target, &link).expect("link");
        assert_eq!(absolute(&link).expect("there"), link);
        fs::remove_file(&target).expect("remove");
        let error = absolute(&link).expect_err("the link leads nowhere");
        assert!(error.to_string().starts_with("cannot find --redis-server "), "{error}");
    }
}
