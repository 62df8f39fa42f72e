//! The keyring file: read by the same rules as the module reads it, and replaced as a whole.

use super::document::Document;
use crate::atomic_file;
use crate::error::cannot;
use anyhow::{Context, Result, bail};
use hallpass_engine::keys::file::{MAX_BYTES, OPEN_FLAGS, check_access, parse};
use hallpass_engine::keys::{KeySummary, Keyring, KeyringError};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Reads a keyring without a lock: it may be replaced at any time.
pub fn read(path: &Path) -> Result<Keyring> {
    let (mut file, metadata) = open(path, path)?;
    check(&metadata, path)?;
    Ok(load(&mut file, path)?.0)
}

/// A keyring that no other run of this program changes as long as this value lives.
pub struct Locked {
    /// As the user gave it, for messages.
    shown: PathBuf,
    /// The file itself: a link to it stays a link.
    target: PathBuf,
    metadata: Metadata,
    ring: Keyring,
    /// The content to write.
    pub document: Document,
    _file: File,
}

impl Locked {
    /// Waits until no other run changes the keyring, then reads it.
    pub fn open(path: &Path) -> Result<Self> {
        let target = fs::canonicalize(path).with_context(cannot("read", path))?;
        let (mut file, metadata) = lock(&target, path)?;
        let (ring, text) = load(&mut file, path)?;
        let document =
            Document::parse(&text).map_err(|_| KeyringError::NotAJwkSet).with_context(cannot("use", path))?;
        Ok(Self { shown: path.to_owned(), target, metadata, ring, document, _file: file })
    }

    /// Describes the keys of the file, without secrets.
    pub fn keys(&self, now: u64) -> Vec<KeySummary> {
        self.ring.summaries(now)
    }

    /// Replaces the file by the document, with the same owner and mode. Writes nothing that the module would refuse.
    pub fn replace(self) -> Result<()> {
        self.try_replace().with_context(cannot("write", &self.shown))
    }

    fn try_replace(&self) -> Result<()> {
        let text = self.document.to_text()?;
        if text.len() as u64 > MAX_BYTES {
            bail!("it would be larger than 1 MiB; `keys prune` removes expired keys");
        }
        parse(text.as_bytes())?;
        Ok(atomic_file::replace_like(&self.target, text.as_bytes(), &self.metadata)?)
    }
}

/// Locks the file at `target`, again if another run replaced it while this one waited for the lock.
fn lock(target: &Path, shown: &Path) -> Result<(File, Metadata)> {
    loop {
        let (file, metadata) = open(target, shown)?;
        check(&metadata, shown)?;
        file.lock().with_context(cannot("lock", shown))?;
        let current = fs::metadata(target).with_context(cannot("read", shown))?;
        if (current.dev(), current.ino()) == (metadata.dev(), metadata.ino()) {
            return Ok((file, current));
        }
    }
}

fn open(path: &Path, shown: &Path) -> Result<(File, Metadata)> {
    OpenOptions::new()
        .read(true)
        .custom_flags(OPEN_FLAGS)
        .open(path)
        .and_then(|file| file.metadata().map(|metadata| (file, metadata)))
        .with_context(cannot("read", shown))
}

/// Judges the file by its type and mode.
fn check(metadata: &Metadata, shown: &Path) -> Result<()> {
    check_access(metadata.is_file(), metadata.mode()).with_context(cannot("use", shown))
}

/// Reads and parses the file. Returns the ring and the text.
fn load(file: &mut File, shown: &Path) -> Result<(Keyring, Vec<u8>)> {
    let mut text = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut text).with_context(cannot("read", shown))?;
    let ring = parse(&text).with_context(cannot("use", shown))?;
    Ok((ring, text))
}
