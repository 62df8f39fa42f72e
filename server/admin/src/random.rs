//! Random bytes for keys and secrets.

use anyhow::{Context, Result};

/// Returns 32 random bytes from the operating system.
pub fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("no random bytes")?;
    Ok(bytes)
}
