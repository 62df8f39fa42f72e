//! `keys generate|rotate|list|prune`: their changes of a keyring file, and the files that they refuse to touch.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::{Keyring, build::built, keyring::write_secret};

mod concurrency;
mod files;
mod keys;
mod rotate;

const DAY: u64 = 86_400;

/// A keyring file in a directory of its own.
struct File {
    dir: TempDir,
    path: PathBuf,
}

/// The result of a run.
struct Run {
    ok: bool,
    stdout: String,
    stderr: String,
}

impl Run {
    #[track_caller]
    fn succeeds(self) -> String {
        assert!(self.ok, "{}", self.stderr);
        self.stdout
    }

    /// Returns the one line on stderr.
    #[track_caller]
    fn fails(self) -> String {
        assert!(!self.ok, "{}", self.stdout);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        self.stderr
    }
}

impl File {
    fn of(ring: &Keyring) -> Self {
        Self::with(&ring.text(), 0o600)
    }

    fn with(text: &str, mode: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring.json");
        write_secret(&path, text, mode);
        Self { dir, path }
    }

    fn run(&self, command: &str, flags: &[&str]) -> Run {
        keys(command, &self.path, flags)
    }

    fn json(&self) -> Json {
        serde_json::from_slice(&fs::read(&self.path).unwrap()).unwrap()
    }

    fn keys(&self) -> Vec<Json> {
        self.json()["keys"].as_array().unwrap().clone()
    }

    fn kids(&self) -> Vec<String> {
        self.keys().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns everything in the directory.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Checks that the run is refused with one line that holds `words`, and that not a byte or mode bit changed.
    #[track_caller]
    fn refuses(&self, command: &str, flags: &[&str], words: &[&str]) {
        let before = (fs::read(&self.path).unwrap(), fs::metadata(&self.path).unwrap());
        let line = self.run(command, flags).fails();
        for word in words {
            assert!(line.contains(word), "{word:?} is missing: {line}");
        }
        let after = fs::metadata(&self.path).unwrap();
        assert_eq!(fs::read(&self.path).unwrap(), before.0);
        assert_eq!((after.ino(), after.mode()), (before.1.ino(), before.1.mode()));
        assert_eq!(self.names(), ["keyring.json"]);
    }
}

fn keys(command: &str, path: &Path, flags: &[&str]) -> Run {
    let output = Command::new(&built().server)
        .args(["keys", command, "--keyring"])
        .arg(path)
        .args(flags)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { ok: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Checks that a time in the file is `after` seconds from about now.
#[track_caller]
fn assert_in(time: &Json, after: u64) {
    let (time, expected) = (time.as_u64().unwrap(), now() + after);
    assert!((expected - 60..=expected).contains(&time), "{time} is not about {expected}");
}
