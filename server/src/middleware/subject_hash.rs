//! Subjects in the log: only as a hash with a key, so that lines about one user belong together, and nobody without the key can
//! try out who that is.

use aws_lc_rs::hmac;
use std::fmt::Write;

/// The least length of the key in bytes.
pub const KEY_LENGTH: usize = 16;
/// The bytes of the hash that are shown: enough to tell all users apart.
const SHOWN: usize = 16;

/// Hashes subjects.
pub struct SubjectHash(hmac::Key);

impl SubjectHash {
    /// Creates it with a key; `None` if the key is shorter than [`KEY_LENGTH`].
    pub fn new(key: &[u8]) -> Option<Self> {
        (key.len() >= KEY_LENGTH).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, key)))
    }

    /// Returns the first 16 bytes of HMAC-SHA256, in hexadecimal.
    pub fn of(&self, subject: &str) -> String {
        let tag = hmac::sign(&self.0, subject.as_bytes());
        tag.as_ref().iter().take(SHOWN).fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_key_and_subject() {
        let hash = |key: &[u8], subject: &str| SubjectHash::new(key).expect("a key").of(subject);
        // RFC 4231, test case 1
        assert_eq!(hash(&[0x0b; 20], "Hi There"), "b0344c61d8db38535ca8afceaf0bf12b");
        assert_ne!(hash(&[0x0b; 20], "Hi"), hash(&[0x0c; 20], "Hi"));
        assert!(SubjectHash::new(&[1; 15]).is_none());
    }
}
