//! Files that are read again when they have changed: they are checked every few seconds, and read at once on SIGHUP.

use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

/// The time from one check to the next.
const PACE: Duration = Duration::from_secs(5);

/// A file and its last known version. Create it before the file is first read, so that no change is missed.
pub struct WatchedFile {
    path: PathBuf,
    seen: Option<Version>,
}

/// The version of a file: device, inode, size, mode, and the time of its last change in seconds and nanoseconds, which many
/// kernels count in steps of milliseconds.
type Version = (u64, u64, u64, u32, i64, i64);

impl WatchedFile {
    /// Remembers the current version of the file.
    pub fn new(path: PathBuf) -> Self {
        let seen = version(&path);
        Self { path, seen }
    }

    /// Calls `read` whenever the file has changed, and on SIGHUP, with the reason.
    pub fn on_change<F: Future<Output = ()> + Send>(
        mut self,
        mut read: impl FnMut(&'static str) -> F + Send + 'static,
    ) -> Result<()> {
        let mut hangups = signal(SignalKind::hangup()).context("cannot handle signals")?;
        let mut looks = interval(PACE);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::spawn(async move {
            loop {
                let is_asked = tokio::select! {
                    _ = looks.tick() => false,
                    _ = hangups.recv() => true,
                };
                let has_changed = self.has_changed();
                if is_asked || has_changed {
                    read(if is_asked { "SIGHUP" } else { "the file has changed" }).await;
                }
            }
        });
        Ok(())
    }

    /// Returns whether the file has changed since this was last called.
    fn has_changed(&mut self) -> bool {
        let now = version(&self.path);
        let has_changed = now != self.seen;
        self.seen = now;
        has_changed
    }
}

/// Returns the version of a file; `None` if there is none.
fn version(path: &PathBuf) -> Option<Version> {
    let it = fs::metadata(path).ok()?;
    Some((it.dev(), it.ino(), it.size(), it.mode(), it.ctime(), it.ctime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn whatever_happens_to_a_file_is_a_change() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("clients.json");
        let mut file = WatchedFile::new(path.clone());
        assert!(!file.has_changed(), "there is none");
        fs::write(&path, "{}").expect("written");
        assert!(file.has_changed() && !file.has_changed(), "it was made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("our own");
        assert!(file.has_changed() && !file.has_changed(), "others may read it");
        let other = directory.path().join("other.json");
        fs::write(&other, "{}").expect("written");
        fs::rename(&other, &path).expect("replaced");
        assert!(file.has_changed() && !file.has_changed(), "another one is in its place");
        fs::remove_file(&path).expect("removed");
        assert!(file.has_changed() && !file.has_changed(), "it is gone");
    }
}
