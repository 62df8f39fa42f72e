//! Random bytes, of which every key and secret is made.

use anyhow::{Context, Result};

/// 32 random bytes from the operating system.
pub fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("no random bytes")?;
    Ok(bytes)
}
