//! Files that decide who may do what: read only if nobody else may write them, and with a warning if everybody may read
//! them.

use crate::atomic_file::directory_of;
use crate::error::cannot;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// The modes with which others than the owner may write.
const WRITABLE: u32 = 0o022;
/// The mode with which everybody may read. A group may: packages and mounted secrets give a service its files that way.
const READABLE: u32 = 0o004;

/// Reads the file. `Ok(None)` if there is none. Fails if others than its owner may write it, because they could then
/// give themselves any right.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(cannot("read", path)),
    };
    let mode = file.metadata().with_context(cannot("read", path))?.permissions().mode();
    if mode & WRITABLE != 0 {
        bail!(
            "cannot use {}: others may write it (mode {:04o}); use chmod 600",
            path.display(),
            mode & 0o777
        );
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).with_context(cannot("read", path))?;
    Ok(Some(bytes))
}

/// Returns a warning if everybody may read the file.
pub fn warning(path: &Path) -> Option<String> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    let text = || format!("others may read {} (mode {:04o}); use chmod 600", path.display(), mode & 0o777);
    (mode & READABLE != 0).then(text)
}

/// Returns a note if root has just made a file in somebody else's directory, where that one will look for it in vain.
pub fn note_on_owner(path: &Path) -> Option<String> {
    let owner = |path: &Path| fs::metadata(path).ok().map(|metadata| metadata.uid());
    let is_foreign = owner(path)? == 0 && owner(directory_of(path))? != 0;
    let text = || format!("{} belongs to root: chown it to the user who is to read it", path.display());
    is_foreign.then(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_others_may_write_is_refused_and_one_that_they_may_read_is_warned_of() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("clients.json");
        assert!(read(&path).expect("no error").is_none() && warning(&path).is_none(), "there is none");
        fs::write(&path, "text").expect("written");
        for (mode, is_read, warns) in [
            (0o600, true, false),
            (0o400, true, false),
            (0o640, true, false),
            (0o440, true, false),
            (0o604, true, true),
            (0o620, false, false),
            (0o602, false, false),
            (0o666, false, true),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own");
            assert_eq!(
                read(&path).is_ok_and(|bytes| bytes.is_some_and(|bytes| bytes == b"text")),
                is_read,
                "{mode:o}"
            );
            assert_eq!(warning(&path).is_some(), warns, "{mode:o}");
        }
    }
}
