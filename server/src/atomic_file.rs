//! Files that are either whole or absent, readable by their owner only: keyrings, client secrets, the clients file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Creates `path` with these bytes. Fails with `AlreadyExists` when there is something at `path`: two concurrent
/// callers never overwrite each other.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = Temporary::write(path, bytes)?;
    // Unlike rename, link refuses to replace what is there.
    fs::hard_link(&temporary.path, path)?;
    drop(temporary);
    sync_directory(path)
}

/// Replaces `path`, or creates it.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = Temporary::write(path, bytes)?;
    fs::rename(&temporary.path, path)?;
    sync_directory(path)
}

/// The directory that holds `path`.
pub fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A file in the target's directory, removed when dropped.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn write(target: &Path, bytes: &[u8]) -> io::Result<Self> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        let unique = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        let path = directory_of(target).join(format!(".{name}.{unique:016x}"));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let temporary = Self { path };
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(temporary)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes a new name in a directory survive a power failure.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(directory_of(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn creates_once_with_owner_only_access_and_leaves_nothing_else() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("secret");
        create(&path, b"first").expect("created");
        assert_eq!(create(&path, b"second").expect_err("exists").kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("readable"), b"first");
        assert_eq!(fs::metadata(&path).expect("metadata").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&directory).expect("listing").count(), 1);
    }

    #[test]
    fn replaces_whole() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("clients.json");
        replace(&path, b"a longer first text").expect("created");
        replace(&path, b"short").expect("replaced");
        assert_eq!(fs::read(&path).expect("readable"), b"short");
        assert_eq!(fs::read_dir(&directory).expect("listing").count(), 1);
    }
}
