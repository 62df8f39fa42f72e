//! Session ids: UUID version 7 (RFC 9562 §5.7), written in canonical lower case wherever they are text.

use uuid::{Builder, Uuid};

/// Length of a session id as text.
pub const TEXT_BYTES: usize = 36;

/// Makes a session id from the time in milliseconds and ten random bytes.
pub fn new(now_ms: u64, random: &[u8; 10]) -> Uuid {
    Builder::from_unix_timestamp_millis(now_ms, random).into_uuid()
}

/// Reads a session id in its canonical form only: a UUIDv7 in lower case with hyphens.
pub fn parse(text: &[u8]) -> Option<Uuid> {
    let id = Uuid::try_parse_ascii(text).ok().filter(is_sid)?;
    let mut canonical = Uuid::encode_buffer();
    (id.as_hyphenated().encode_lower(&mut canonical).as_bytes() == text).then_some(id)
}

/// Reads a session id from its 16 bytes.
pub fn from_bytes(bytes: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(bytes).ok().filter(is_sid)
}

fn is_sid(id: &Uuid) -> bool {
    id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122
}

#[cfg(test)]
mod tests {
    use super::*;

    const SID: &str = "0199d1c8-6f2a-7b3c-8d4e-5f60718293a4";

    #[test]
    fn reads_the_canonical_form_only() {
        let id = parse(SID.as_bytes()).expect("canonical");
        assert_eq!(id.to_string(), SID);
        assert_eq!(from_bytes(id.as_bytes()), Some(id));
        let upper = SID.to_uppercase();
        let simple = SID.replace('-', "");
        let braced = format!("{{{SID}}}");
        let version_4 = SID.replacen("-7", "-4", 1);
        let wrong_variant = SID.replacen("-8", "-c", 1);
        for other in [&upper, &simple, &braced, &version_4, &wrong_variant, ""] {
            assert_eq!(parse(other.as_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn new_ids_sort_by_time() {
        let earlier = new(1_000, &[0xff; 10]);
        let later = new(1_001, &[0; 10]);
        assert!(earlier.to_string() < later.to_string());
        assert_eq!(parse(earlier.to_string().as_bytes()), Some(earlier));
    }
}
