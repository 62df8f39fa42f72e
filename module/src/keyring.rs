//! The keyring file, and the ring in use.

use crate::clock::unix_ms;
use crate::error::Error;
use crate::redis::log;
use crate::tokens::verify_cache;
use crate::{epoch, sync};
use hallpass_engine::keys::Keyring;
use hallpass_engine::keys::file::{KeyringFileError, MAX_BYTES, OPEN_FLAGS, check_access, parse};
use hallpass_engine::time::seconds;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::SystemTime;
use std::{fmt, io};

/// A ring as it was read from its file.
pub struct Loaded {
    /// The keys.
    pub ring: Keyring,
    group_readable: bool,
    /// Absolute, since CONFIG SET dir changes the directory.
    path: PathBuf,
    modified: Option<SystemTime>,
}

/// The reason for which the file is refused.
#[derive(Debug)]
pub enum LoadError {
    /// `hallpass.keyring-file` is empty.
    NotConfigured,
    /// It cannot be read.
    Io(io::ErrorKind),
    /// It is not a usable keyring file.
    File(KeyringFileError),
    /// With it, no session could begin or go on.
    CannotSign,
}

static CURRENT: RwLock<Option<Arc<Loaded>>> = RwLock::new(None);

/// Reads and checks a keyring file.
///
/// # Errors
/// [`LoadError`], whose text is one line without key material.
pub fn load(path: &str) -> Result<Loaded, LoadError> {
    if path.is_empty() {
        return Err(LoadError::NotConfigured);
    }
    let io = |error: io::Error| LoadError::Io(error.kind());
    let path = std::path::absolute(path).map_err(io)?;
    let file = File::options().read(true).custom_flags(OPEN_FLAGS).open(&path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    check_access(metadata.is_file(), metadata.mode())?;
    let mut content = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut content).map_err(io)?;
    let ring = parse(&content)?;
    let group_readable = metadata.mode() & 0o040 != 0;
    Ok(Loaded { ring, group_readable, path, modified: metadata.modified().ok() })
}

/// Reads the current file again, and puts its ring into use. A ring that cannot sign is refused here, unlike at the start,
/// where it must not keep redis-server with all its other data from starting.
///
/// # Errors
/// [`LoadError`]; the ring in use stays.
pub fn reload(configured: &str) -> Result<(), LoadError> {
    // By its first absolute path: the working directory may have changed.
    let path = current().ok().and_then(|loaded| loaded.path.to_str().map(str::to_owned));
    let loaded = load(path.as_deref().unwrap_or(configured))?;
    if !loaded.ring.can_sign(seconds(unix_ms())) {
        return Err(LoadError::CannotSign);
    }
    install(loaded);
    Ok(())
}

/// Returns one line for the log.
pub fn refusal(path: &str, error: &LoadError) -> String {
    match error {
        LoadError::NotConfigured => error.to_string(),
        _ => format!("keyring file '{path}' is not usable: {error}"),
    }
}

/// Puts a ring into use. Every cached token becomes invalid, since another key may have taken over a key id.
pub fn install(loaded: Loaded) {
    if loaded.group_readable {
        log::warning("the keyring file is readable by its group; chmod 600 unless it is a mounted secret");
    }
    *sync::write(&CURRENT) = Some(Arc::new(loaded));
    verify_cache::invalidate_all();
    epoch::advance();
}

/// Returns the ring in use. Call it once per command.
///
/// # Errors
/// [`Error::NoKey`] before one is installed.
pub fn current() -> Result<Arc<Loaded>, Error> {
    sync::read(&CURRENT).clone().ok_or(Error::NoKey)
}

impl Loaded {
    /// Returns whether the file has changed since it was read.
    pub fn is_stale(&self) -> bool {
        let modified = std::fs::metadata(&self.path).and_then(|metadata| metadata.modified()).ok();
        modified.is_some() && modified > self.modified
    }
}

impl From<KeyringFileError> for LoadError {
    fn from(error: KeyringFileError) -> Self {
        Self::File(error)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => f.write_str(
                "hallpass.keyring-file is not set; make a keyring with \
                 'hallpass-server keys generate --keyring keyring.json' and name it there",
            ),
            Self::Io(io::ErrorKind::NotFound) => f.write_str(
                "the file does not exist; make one with 'hallpass-server keys generate --keyring PATH'",
            ),
            Self::Io(kind) => write!(f, "the file cannot be read: {kind}"),
            Self::File(error) => error.fmt(f),
            Self::CannotSign => {
                f.write_str("no signing key, or no refresh key, may sign now: see exp and nbf")
            }
        }
    }
}
