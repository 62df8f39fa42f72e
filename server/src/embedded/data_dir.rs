//! The data directory: `keyring.json`, `client-secret`, `clients.json`, and the files of Redis.

use anyhow::{Context, Result, anyhow, bail};
use hallpass_admin::access;
use hallpass_admin::clients::Secret;
use hallpass_admin::error::cannot;
use hallpass_admin::keys;
use hallpass_client::Address;
use hallpass_engine::keys::Algorithm;
use rustix::fs::Mode;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The longest path that fits into the address of a unix socket, a limit of the kernel.
const MAX_SOCKET_PATH: usize = 107;

/// A data directory, locked for this process until it is dropped.
pub struct DataDir {
    /// The path as the user wrote it, for messages.
    shown: PathBuf,
    absolute: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the directory if it is missing, and locks it. Fails if another server holds the lock.
    pub fn open(path: &Path) -> Result<Self> {
        // Redis' files hold claims and meta, so they are private, too.
        rustix::process::umask(Mode::from_raw_mode(0o077));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.with_context(cannot("make the data directory", path))?;
        let absolute = fs::canonicalize(path).with_context(cannot("open", path))?;
        let lock = lock(&absolute, path)?;
        let directory =
            Self { shown: path.strip_prefix(".").unwrap_or(path).to_owned(), absolute, _lock: lock };
        directory.check()?;
        Ok(directory)
    }

    /// Returns the path of a file in the directory, for messages and shell commands.
    pub fn shown(&self, name: &str) -> PathBuf {
        self.shown.join(name)
    }

    /// Returns the absolute path of a file in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.absolute.join(name)
    }

    /// Returns the absolute path of the directory.
    pub fn root(&self) -> &Path {
        &self.absolute
    }

    /// Returns the path of the private Redis' socket.
    pub fn socket(&self) -> PathBuf {
        self.path("redis.sock")
    }

    /// Returns the address of the private Redis.
    pub fn redis_address(&self) -> Result<Address> {
        let path = self.socket();
        Address::unix(&path).map_err(|error| anyhow!("{} {error}", path.display()))
    }

    /// Creates the keyring, with a signing key of this algorithm, and the secret of the client `local` if they are
    /// missing. Returns that secret.
    pub fn prepare_secrets(&self, alg: Algorithm) -> Result<Secret> {
        let keyring = self.path("keyring.json");
        if !keyring.exists() {
            keys::generate(&keyring, alg)?;
        }
        let path = self.path("client-secret");
        let secret = Secret::load_or_create(&path)?;
        if let Some(warning) = access::warning(&path) {
            tracing::warn!("{warning}");
        }
        Ok(secret)
    }

    fn check(&self) -> Result<()> {
        let length = self.socket().as_os_str().len();
        if length > MAX_SOCKET_PATH {
            let excess = length - MAX_SOCKET_PATH;
            let text = "the data directory's path is too long for a unix socket by";
            bail!("{text} {excess} bytes: use another --data-dir");
        }
        let metadata = fs::metadata(&self.absolute).with_context(cannot("open", &self.shown))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            tracing::warn!("others may enter the data directory: chmod 700 {}", self.shown.display());
        }
        Ok(())
    }
}

/// Takes the lock that a server holds on its data directory. The kernel releases it however the server ends.
fn lock(directory: &Path, shown: &Path) -> Result<File> {
    let path = directory.join("server.lock");
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = file.with_context(cannot("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            let owner = file.read_to_string(&mut owner).map_or("unknown", |_| owner.trim());
            bail!("another hallpass-server (process {owner}) uses the data directory {}", shown.display());
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(cannot("lock", &path)),
    }
    let noted = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    noted.with_context(cannot("write", &path))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_refused_and_told_who_has_the_directory() {
        let parent = tempfile::tempdir().expect("temporary directory");
        let path = parent.path().join("data");
        let first = DataDir::open(&path).expect("free");
        let refused = DataDir::open(&path).err().expect("taken").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        assert!(DataDir::open(&path).is_ok());
    }

    #[test]
    fn secrets_are_made_once_and_kept() {
        let parent = tempfile::tempdir().expect("temporary directory");
        let directory = DataDir::open(&parent.path().join("data")).expect("free");
        let secret = directory.prepare_secrets(Algorithm::ES256).expect("made");
        let keyring = fs::read(directory.path("keyring.json")).expect("readable");
        assert_eq!(directory.prepare_secrets(Algorithm::EdDSA).expect("kept").reveal(), secret.reveal());
        assert_eq!(fs::read(directory.path("keyring.json")).expect("readable"), keyring);
        for name in ["", "keyring.json", "client-secret"] {
            let mode = fs::metadata(directory.path(name)).expect("metadata").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }

    #[test]
    fn a_path_that_no_socket_can_have_is_refused() {
        let parent = tempfile::tempdir().expect("temporary directory");
        let refused =
            DataDir::open(&parent.path().join("d".repeat(100))).err().expect("too long").to_string();
        assert!(refused.contains("too long"), "{refused}");
    }
}
