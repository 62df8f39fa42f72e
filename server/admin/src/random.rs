//! Random bytes, of which every key and secret is made.

use crate::failure::{Failure, Outcome};

/// 32 random bytes from the operating system.
pub fn random() -> Outcome<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(format!("no random bytes: {error}")))?;
    Ok(bytes)
}
