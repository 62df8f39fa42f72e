//! Files that are either whole or absent, and readable by their owner only: keyrings, client secrets, the clients file.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

/// Number of random characters in the name of a temporary file.
const UNIQUE_CHARS: usize = 16;

/// Creates `path` with these bytes. Fails with `AlreadyExists` when there is something at `path`: two concurrent
/// callers never overwrite each other.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_temporary(path, bytes)?.persist_noclobber(path)?;
    sync_directory(path)
}

/// Replaces `path`, or creates it.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_temporary(path, bytes)?.persist(path)?;
    sync_directory(path)
}

/// Replaces `path` by a file with the owner, group and mode of `model`; fails where that is not permitted.
/// The caller keeps others from replacing it meanwhile. Also removes what killed runs left behind.
pub fn replace_like(path: &Path, bytes: &[u8], model: &Metadata) -> io::Result<()> {
    let temporary = write_temporary(path, bytes)?;
    let file = temporary.as_file();
    let made = file.metadata()?;
    if (made.uid(), made.gid()) != (model.uid(), model.gid()) {
        fchown(file, Some(model.uid()), Some(model.gid())).map_err(|error| {
            io::Error::new(error.kind(), format!("its owner and group cannot be kept: {error}"))
        })?;
    }
    file.set_permissions(model.permissions())?;
    file.sync_all()?;
    temporary.persist(path)?;
    remove_leftovers(path);
    sync_directory(path)
}

/// Writes a temporary file in the directory of `target`. It is removed when dropped.
fn write_temporary(target: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let temporary = Builder::new()
        .prefix(&temporary_prefix(target)?)
        .rand_bytes(UNIQUE_CHARS)
        .make_in(directory_of(target), |path| {
            File::options().write(true).create_new(true).mode(0o600).open(path)
        })?;
    temporary.as_file().write_all(bytes)?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// Removes the temporary files of `path`, as far as that is possible.
fn remove_leftovers(path: &Path) {
    let Ok(prefix) = temporary_prefix(path) else { return };
    for entry in fs::read_dir(directory_of(path)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let unique = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        let is_ours = |unique: &str| {
            unique.len() == UNIQUE_CHARS && unique.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if unique.is_some_and(is_ours) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Returns the first part of the names of temporary files for `path`; letters and digits follow.
fn temporary_prefix(path: &Path) -> io::Result<String> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    Ok(format!(".{name}."))
}

/// Returns the directory that holds `path`.
pub fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Syncs the directory of `path`, so that a new name in it survives a power failure.
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
