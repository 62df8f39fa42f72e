//! Files that are either whole or absent, readable by their owner only: keyrings, client secrets, the clients file.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
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

/// Replaces `path` by a file with the owner, group and mode of `model`; fails where that is not permitted.
/// The caller keeps others from replacing it meanwhile. What runs that were killed left behind goes, too.
pub fn replace_like(path: &Path, bytes: &[u8], model: &Metadata) -> io::Result<()> {
    let temporary = Temporary::write(path, bytes)?;
    let file = File::open(&temporary.path)?;
    let made = file.metadata()?;
    if (made.uid(), made.gid()) != (model.uid(), model.gid()) {
        fchown(&file, Some(model.uid()), Some(model.gid())).map_err(|error| {
            io::Error::new(error.kind(), format!("its owner and group cannot be kept: {error}"))
        })?;
    }
    file.set_permissions(model.permissions())?;
    file.sync_all()?;
    fs::rename(&temporary.path, path)?;
    remove_leftovers(path);
    sync_directory(path)
}

/// Removes the temporary files of `path`, as far as that is possible.
fn remove_leftovers(path: &Path) {
    let Ok(prefix) = temporary_prefix(path) else { return };
    for entry in fs::read_dir(directory_of(path)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let unique = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        if unique.is_some_and(|unique| unique.len() == 16 && unique.bytes().all(|b| b.is_ascii_hexdigit())) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What the names of temporary files for `path` begin with; 16 hex digits follow.
fn temporary_prefix(path: &Path) -> io::Result<String> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    Ok(format!(".{name}."))
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
        let prefix = temporary_prefix(target)?;
        let unique = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        let path = directory_of(target).join(format!("{prefix}{unique:016x}"));
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

    #[test]
    fn replaces_with_the_same_access_and_clears_up() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("keyring.json");
        create(&path, b"first").expect("created");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).expect("our own file");
        let before = fs::metadata(&path).expect("metadata");
        for name in [".keyring.json.0123456789abcdef", ".keyring.json.backup", ".other.0123456789abcdef"] {
            fs::write(directory.path().join(name), b"").expect("written");
        }
        replace_like(&path, b"second", &before).expect("replaced");
        let after = fs::metadata(&path).expect("metadata");
        assert_eq!(fs::read(&path).expect("readable"), b"second");
        assert_eq!((after.mode(), after.uid(), after.gid()), (before.mode(), before.uid(), before.gid()));
        assert!(!directory.path().join(".keyring.json.0123456789abcdef").exists());
        assert_eq!(fs::read_dir(&directory).expect("listing").count(), 3);
    }
}
