//! The redis-server that a killed hallpass-server leaves behind, and the lock that reveals it.
//!
//! Every redis-server started here has an open, locked file as its standard input. The lock belongs to the open file,
//! so it is held exactly as long as that process lives, whatever happens to its parent, and no recorded process id can
//! become stale. Whoever gets the lock may start the next one.

use super::data_dir::DataDir;
use anyhow::{Context, Result, bail};
use hallpass_admin::error::cannot;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};

/// The time that an orphan has to save its data and exit, and again to be gone after it is killed.
const PATIENCE: [(Signal, Duration); 2] =
    [(Signal::TERM, Duration::from_secs(20)), (Signal::KILL, Duration::from_secs(5))];
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Takes the lock for the next redis-server to inherit, stopping the one that holds it.
pub async fn take_lock(directory: &DataDir) -> Result<File> {
    let path = directory.path("redis.lock");
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.with_context(cannot("open", &path))?;
    if is_taken(&file, directory)? {
        tracing::warn!("stopping the redis-server that a killed hallpass-server left behind");
        stop_owner(&file, directory).await?;
    }
    Ok(file)
}

/// Stops the owner of the lock, by SIGKILL if need be, and takes the lock.
async fn stop_owner(file: &File, directory: &DataDir) -> Result<()> {
    for (signal, patience) in PATIENCE {
        let deadline = Instant::now() + patience;
        let mut signalled = false;
        while Instant::now() < deadline {
            // An orphan that is just starting does not listen yet, so this is repeated.
            signalled = signalled || signal_owner(directory, signal).await;
            sleep(POLL_INTERVAL).await;
            if !is_taken(file, directory)? {
                return Ok(());
            }
        }
    }
    bail!("a redis-server still uses {} and cannot be stopped", directory.root().display())
}

/// Sends a signal to the process that listens on the directory's socket, which can be found even if it hangs.
async fn signal_owner(directory: &DataDir, signal: Signal) -> bool {
    let Ok(stream) = UnixStream::connect(directory.socket()).await else { return false };
    let owner = stream.peer_cred().ok().and_then(|credentials| Pid::from_raw(credentials.pid()?));
    owner.is_some_and(|owner| kill_process(owner, signal).is_ok())
}

/// Tries to take the lock. Returns whether another process holds it.
fn is_taken(file: &File, directory: &DataDir) -> Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error).with_context(cannot("lock", directory.root())),
    }
}
