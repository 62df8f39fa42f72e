//! The keyring file: read under the rules that the module has for it, and replaced whole.

use super::document::Document;
use crate::atomic_file;
use crate::failure::{Failure, Outcome};
use hallpass_engine::keys::{KeySummary, Keyring};
use rustix::fs::OFlags;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The module reads no more.
const MAX_BYTES: usize = 1 << 20;

/// Reads a keyring. Nothing keeps it from being replaced at once.
pub fn read(path: &Path) -> Outcome<Keyring> {
    let (mut file, metadata) = open(path, path)?;
    check(&metadata, path)?;
    parse(&text(&mut file, path)?, path)
}

/// A keyring that only this process may replace, as long as this value lives.
pub struct Locked {
    /// As the user gave it, for messages.
    shown: PathBuf,
    /// The file itself: a link to it stays a link.
    target: PathBuf,
    metadata: Metadata,
    ring: Keyring,
    /// What is to be written.
    pub document: Document,
    _file: File,
}

impl Locked {
    /// Waits until nobody else changes the keyring, then reads it.
    pub fn open(path: &Path) -> Outcome<Self> {
        let target = fs::canonicalize(path).map_err(|error| Failure::file("read", path, error))?;
        let (mut file, metadata) = lock(&target, path)?;
        let text = text(&mut file, path)?;
        let ring = parse(&text, path)?;
        let document = Document::parse(&text).map_err(|_| Failure::file("use", path, "not a JWK Set"))?;
        Ok(Self { shown: path.to_owned(), target, metadata, ring, document, _file: file })
    }

    /// What may be told about the keys as they stand in the file.
    pub fn keys(&self, now: u64) -> Vec<KeySummary> {
        self.ring.summaries(now)
    }

    /// Writes the document in the file's place, with its owner and mode. What the module would refuse is not written.
    pub fn replace(self) -> Outcome<()> {
        let failed = |cause: &dyn std::fmt::Display| Failure::file("write", &self.shown, cause);
        let text = self.document.to_text().map_err(|error| failed(&error))?;
        if text.len() > MAX_BYTES {
            return Err(failed(&"it would be larger than 1 MiB; `keys prune` removes expired keys"));
        }
        Keyring::parse(text.as_bytes()).map_err(|error| failed(&error))?;
        atomic_file::replace_like(&self.target, text.as_bytes(), &self.metadata)
            .map_err(|error| failed(&error))
    }
}

/// Takes the lock on the file that stands at `target` now: while waiting for it, another run may have replaced the file.
fn lock(target: &Path, shown: &Path) -> Outcome<(File, Metadata)> {
    loop {
        let (file, metadata) = open(target, shown)?;
        check(&metadata, shown)?;
        file.lock().map_err(|error| Failure::file("lock", shown, error))?;
        let current = fs::metadata(target).map_err(|error| Failure::file("read", shown, error))?;
        if (current.dev(), current.ino()) == (metadata.dev(), metadata.ino()) {
            return Ok((file, current));
        }
    }
}

fn open(path: &Path, shown: &Path) -> Outcome<(File, Metadata)> {
    // Opening a FIFO by mistake must not hang.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .and_then(|file| file.metadata().map(|metadata| (file, metadata)))
        .map_err(|error| Failure::file("read", shown, error))
}

/// The module's rules for the file.
fn check(metadata: &Metadata, shown: &Path) -> Outcome<()> {
    let mode = metadata.mode() & 0o777;
    if !metadata.is_file() {
        return Err(Failure::file("use", shown, "it is not a regular file"));
    }
    if mode & 0o027 != 0 {
        let text = format!("the file is accessible to others (mode {mode:04o}); use chmod 600");
        return Err(Failure::file("use", shown, text));
    }
    Ok(())
}

fn text(file: &mut File, shown: &Path) -> Outcome<Vec<u8>> {
    let mut text = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    file.take(limit).read_to_end(&mut text).map_err(|error| Failure::file("read", shown, error))?;
    if text.len() > MAX_BYTES {
        return Err(Failure::file("use", shown, "the file is larger than 1 MiB"));
    }
    Ok(text)
}

fn parse(text: &[u8], shown: &Path) -> Outcome<Keyring> {
    Keyring::parse(text).map_err(|error| Failure::file("use", shown, error))
}
