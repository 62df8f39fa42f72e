//! Session ids: UUID version 7 (RFC 9562 §5.7), always written in canonical lower case.

use uuid::{Builder, Uuid};

/// Length of a session id as text.
pub const TEXT_BYTES: usize = 36;

/// Makes a session id from the time in nanoseconds and eight random bytes.
///
/// The milliseconds are followed by twelve bits of their fraction (RFC 9562 §6.2, method 3), so that the ids of one
/// server sort by time within a millisecond, too.
pub fn new(now_ns: u128, random: &[u8; 8]) -> Uuid {
    let milliseconds = u64::try_from(now_ns / 1_000_000).unwrap_or(u64::MAX);
    let [.., high, low] = ((now_ns % 1_000_000) * 4096 / 1_000_000).to_be_bytes();
    let mut behind = [0; 10];
    behind[..2].copy_from_slice(&[high, low]);
    behind[2..].copy_from_slice(random);
    Builder::from_unix_timestamp_millis(milliseconds, &behind).into_uuid()
}

/// Reads a session id in its canonical form only: a UUIDv7 in lower case with hyphens.
pub fn parse(text: &[u8]) -> Option<Uuid> {
    canonical(text).filter(is_sid)
}

/// Returns whether the text is a UUID of any version in its canonical form, so that it may be asked for a session.
pub fn is_uuid(text: &[u8]) -> bool {
    canonical(text).is_some()
}

fn canonical(text: &[u8]) -> Option<Uuid> {
    let id = Uuid::try_parse_ascii(text).ok()?;
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
        assert!([SID, &version_4, &wrong_variant].iter().all(|text| is_uuid(text.as_bytes())));
        assert!(![&upper, &simple, &braced, ""].iter().any(|text| is_uuid(text.as_bytes())));
    }

    #[test]
    fn new_ids_sort_by_time() {
        let ids: Vec<_> = [1_000_000_000_u128, 1_000_000_245, 1_000_010_000, 1_000_999_999, 1_001_000_000]
            .into_iter()
            .zip([9_u8, 7, 5, 3, 1])
            .map(|(now, random)| new(now, &[random; 8]))
            .collect();
        assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
        for id in ids {
            assert_eq!(parse(id.to_string().as_bytes()), Some(id));
        }
    }
}
