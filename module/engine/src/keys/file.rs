//! The rules for a keyring file. The caller opens and reads it.

use super::{Keyring, KeyringError};
use std::fmt;

/// Flags to open the file with: `O_NONBLOCK`, so that opening a FIFO by mistake does not hang.
pub const OPEN_FLAGS: i32 = 0o4000;

/// Maximum size of the file in bytes. Callers read at most one byte more, which shows that the file is too large.
pub const MAX_BYTES: u64 = 1 << 20;

/// The reason for which a keyring file is refused. Its text is one line without key material.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyringFileError {
    /// Not a regular file.
    NotAFile,
    /// A file of this mode: others can read it, or others than the owner can write it.
    Permissions(u32),
    /// Larger than [`MAX_BYTES`].
    TooLarge,
    /// The content is not a usable keyring.
    Ring(KeyringError),
}

/// Judges an open file by its type and its `st_mode`, before anything is read from it.
///
/// # Errors
/// [`KeyringFileError::NotAFile`] and [`KeyringFileError::Permissions`].
pub fn check_access(is_file: bool, mode: u32) -> Result<(), KeyringFileError> {
    match mode & 0o777 {
        _ if !is_file => Err(KeyringFileError::NotAFile),
        mode if mode & 0o027 != 0 => Err(KeyringFileError::Permissions(mode)),
        _ => Ok(()),
    }
}

/// Parses the content of the file.
///
/// # Errors
/// [`KeyringFileError::TooLarge`] and [`KeyringFileError::Ring`].
pub fn parse(content: &[u8]) -> Result<Keyring, KeyringFileError> {
    if content.len() as u64 > MAX_BYTES {
        return Err(KeyringFileError::TooLarge);
    }
    Keyring::parse(content).map_err(KeyringFileError::Ring)
}

impl fmt::Display for KeyringFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile => f.write_str("it is not a regular file"),
            Self::Permissions(mode) => {
                write!(f, "the file is accessible to others (mode {mode:04o}); use chmod 600")
            }
            Self::TooLarge => f.write_str("the file is larger than 1 MiB"),
            Self::Ring(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for KeyringFileError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_and_reading_by_the_group_are_all_that_is_allowed() {
        for mode in [0o600, 0o400, 0o640, 0o440, 0o700, 0o100_600] {
            assert_eq!(check_access(true, mode), Ok(()), "{mode:o}");
        }
        for mode in [0o620, 0o604, 0o602, 0o601, 0o666] {
            assert_eq!(check_access(true, 0o100_000 | mode), Err(KeyringFileError::Permissions(mode)));
        }
        assert_eq!(check_access(false, 0o040_700), Err(KeyringFileError::NotAFile));
        assert_eq!(check_access(false, 0o777), Err(KeyringFileError::NotAFile));
    }

    #[test]
    fn a_file_over_the_limit_is_not_parsed() {
        let limit = usize::try_from(MAX_BYTES).expect("small");
        let refusal = |length: usize| parse(&vec![b' '; length]).err();
        assert_eq!(refusal(limit), Some(KeyringFileError::Ring(KeyringError::NotAJwkSet)));
        assert_eq!(refusal(limit + 1), Some(KeyringFileError::TooLarge));
    }

    #[test]
    fn the_text_names_the_mode() {
        let text = KeyringFileError::Permissions(0o604).to_string();
        assert_eq!(text, "the file is accessible to others (mode 0604); use chmod 600");
    }
}
