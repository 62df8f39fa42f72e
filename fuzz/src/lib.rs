//! Properties that must hold for every input of the engine's parsers: one function per fuzz target, which panics
//! otherwise.
//!
//! `make fuzz` lets libFuzzer look for such inputs, starting from `corpus/`; `cargo test` replays the corpus. Inputs
//! that must carry a valid signature are signed here, so that the code behind the signature check is reached, too.

mod access;
mod arguments;
mod json;
mod key_pattern;
mod keyring;
mod record;
mod refresh;
mod ring;
mod rotation;

pub use access::{access_claims, access_token};
pub use arguments::arguments;
pub use json::claims;
pub use key_pattern::key_pattern;
pub use keyring::keyring;
pub use record::record;
pub use refresh::refresh_token;
pub use rotation::rotation;

/// A fuzz target's property.
pub type Property = fn(&[u8]);

/// Every target: its name, which is that of its binary and of its corpus, and its property.
pub const TARGETS: [(&str, Property); 9] = [
    ("access_claims", access_claims),
    ("access_token", access_token),
    ("arguments", arguments),
    ("claims", claims),
    ("key_pattern", key_pattern),
    ("keyring", keyring),
    ("record", record),
    ("refresh_token", refresh_token),
    ("rotation", rotation),
];
