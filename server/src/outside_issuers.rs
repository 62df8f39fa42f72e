//! The outside issuers that are trusted: those of `--issuers-file`, read at the start, when the file has changed, and on
//! SIGHUP.

use crate::watched_file::WatchedFile;
use anyhow::{Result, anyhow, ensure};
use hallpass_admin::error::one_line;
use hallpass_client::{ModuleInfo, SubjectKeys};
use hallpass_issuers::{Issuer, TrustedIssuers, load};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// The trusted issuers. Clones share them, so that a reload takes effect everywhere.
#[derive(Clone)]
pub struct OutsideIssuers(Arc<Shared>);

struct Shared {
    trusted: RwLock<Arc<TrustedIssuers>>,
    /// The file, if there is one.
    file: Option<PathBuf>,
    /// The module's issuer, once Redis was there.
    own: OnceLock<String>,
}

impl OutsideIssuers {
    /// Trusts the issuers of the file, now and whenever it has changed; nobody without a file.
    pub fn in_use(file: Option<&Path>) -> Result<Self> {
        let Some(path) = file else { return Ok(Self::new(vec![])) };
        let watched = WatchedFile::new(path.to_owned());
        let issuers = Self::of(load(path)?, Some(path.to_owned()));
        let (changed, path) = (issuers.clone(), path.to_owned());
        watched.on_change(move |why| {
            changed.read_again(&path, why);
            async {}
        })?;
        Ok(issuers)
    }

    /// Trusts these issuers.
    pub fn new(issuers: Vec<Issuer>) -> Self {
        Self::of(issuers, None)
    }

    fn of(issuers: Vec<Issuer>, file: Option<PathBuf>) -> Self {
        let trusted = RwLock::new(Arc::new(TrustedIssuers::new(issuers, None)));
        Self(Arc::new(Shared { trusted, file, own: OnceLock::new() }))
    }

    /// Returns the issuers that are trusted now.
    pub fn trusted(&self) -> Arc<TrustedIssuers> {
        // The value is replaced in one step, so a panic cannot leave it half done.
        Arc::clone(&self.0.trusted.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Checks that the issuers and the module fit, once that is known: the key of a subject is never that of a used token,
    /// and our own tokens open no further sessions. Then fetches the issuers' keys ahead of the first token.
    pub fn check(&self, info: &ModuleInfo, keys: &SubjectKeys) -> Result<()> {
        ensure!(
            self.0.file.is_none() || !keys.overlap_used_tokens(),
            "hallpass.key-pattern {} matches the keys of used outside tokens, hallpass:used:*, and contradicts \
             --issuers-file",
            info.key_pattern
        );
        if let Some(own) = &info.issuer {
            // It is checked once: later it is the same.
            let _ = self.0.own.set(own.clone());
        }
        self.check_names(&self.trusted())?;
        self.trusted().warm_up();
        Ok(())
    }

    fn check_names(&self, trusted: &TrustedIssuers) -> Result<()> {
        match self.0.own.get().filter(|own| trusted.trusts(own)) {
            Some(own) => Err(anyhow!("the issuers file names {own}, which is our own issuer")),
            None => Ok(()),
        }
    }

    /// Replaces the issuers by those that the file has now. If it cannot be used, they stay as they are.
    fn read_again(&self, path: &Path, why: &str) {
        let found = load(path).and_then(|issuers| {
            let trusted = TrustedIssuers::new(issuers, Some(&self.trusted()));
            self.check_names(&trusted)?;
            Ok(trusted)
        });
        match found {
            Ok(trusted) => {
                tracing::info!(issuers = trusted.len(), "{why}: the issuers file was read again");
                *self.0.trusted.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(trusted);
            }
            Err(error) => tracing::error!("{why}: the issuers stay as they are: {}", one_line(&error)),
        }
    }
}
