//! A login: a session id together with the time at which its session was issued. A token fits one login only, even if
//! the session id is issued again.

use crate::base64url::{decode_array, encode_onto};
use crate::sid;
use uuid::Uuid;

/// Session id, and six bytes of the time.
const BYTES: usize = 22;

/// Length of a login in base64url.
pub const TEXT_BYTES: usize = 30;

/// Times at which sessions are issued stay below this, so that they fit six bytes: the year 10889.
pub const MAX_ISSUED_AT: u64 = 1 << 48;

/// The login that a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Login {
    /// The session's id.
    pub sid: Uuid,
    /// When the session was issued, in Unix ms; below [`MAX_ISSUED_AT`].
    pub issued_at: u64,
}

impl Login {
    /// Appends it in base64url: the id's 16 bytes, and the time as 6 bytes, big-endian.
    pub(crate) fn encode_onto(&self, out: &mut Vec<u8>) {
        let mut bytes = [0; BYTES];
        let (sid, time) = bytes.split_at_mut(16);
        sid.copy_from_slice(self.sid.as_bytes());
        time.copy_from_slice(&self.issued_at.to_be_bytes()[2..]);
        encode_onto(out, &bytes);
    }

    /// Reads what [`Login::encode_onto`] writes, strictly.
    pub(crate) fn decode(text: &[u8]) -> Option<Self> {
        let bytes: [u8; BYTES] = decode_array(text)?;
        let (sid, time) = bytes.split_at(16);
        let issued_at = time.iter().fold(0, |time, byte| time << 8 | u64::from(*byte));
        Some(Self { sid: sid::from_bytes(sid)?, issued_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SID: &[u8] = b"0199d1c8-6f2a-7b3c-8d4e-5f60718293a4";

    fn text(login: &Login) -> Vec<u8> {
        let mut out = Vec::new();
        login.encode_onto(&mut out);
        out
    }

    #[test]
    fn a_login_is_read_back_from_its_thirty_characters() {
        let sid = sid::parse(SID).expect("a session id");
        for issued_at in [0, 1, 1_760_000_000_000, MAX_ISSUED_AT - 1] {
            let login = Login { sid, issued_at };
            let text = text(&login);
            assert_eq!(text.len(), TEXT_BYTES);
            assert_eq!(Login::decode(&text), Some(login));
        }
    }

    #[test]
    fn what_is_not_a_login_in_its_one_spelling_is_refused() {
        let login = Login { sid: sid::parse(SID).expect("a session id"), issued_at: 7 };
        let text = text(&login);
        assert_eq!(Login::decode(&text[..29]), None);
        assert_eq!(Login::decode(&[&text[..], b"A"].concat()), None);
        let spare_bits = [&text[..29], &[text[29] + 1]].concat();
        assert_eq!(Login::decode(&spare_bits), None);
        assert_eq!(Login::decode(&[b'A'; 30]), None, "not a UUIDv7");
    }
}
