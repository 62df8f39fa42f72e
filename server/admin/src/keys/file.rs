//! The keyring file: read under the rules that the module has for it, and replaced whole.

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

/// Reads a keyring. Nothing keeps it from being replaced at once.
pub fn read(path: &Path) -> Result<Keyring> {
    let (mut file, metadata) = open(path, path)?;
    check(&metadata, path)?;
    Ok(load(&mut file, path)?.0)
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
    pub fn open(path: &Path) -> Result<Self> {
        let target = fs::canonicalize(path).with_context(cannot("read", path))?;
        let (mut file, metadata) = lock(&target, path)?;
        let (ring, text) = load(&mut file, path)?;
        let document =
            Document::parse(&text).map_err(|_| KeyringError::NotAJwkSet).with_context(cannot("use", path))?;
        Ok(Self { shown: path.to_owned(), target, metadata, ring, document, _file: file })
    }

    /// What may be told about the keys as they stand in the file.
    pub fn keys(&self, now: u64) -> Vec<KeySummary> {
        self.ring.summaries(now)
    }

    /// Writes the document in the file's place, with its owner and mode. What the module would refuse is not written.
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

/// Takes the lock on the file that stands at `target` now: while waiting for it, another run may have replaced the file.
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

/// Judges the file by the rules that it has for the module, too.
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
