//! Key patterns: any keys and subjects map one to one.

use crate::ring::two_parts;
use hallpass_engine::key_pattern::KeyPattern;

/// Reads a pattern, a line feed, and a text that may be a key or a subject.
pub fn key_pattern(data: &[u8]) {
    let (pattern, rest) = two_parts(data);
    let Some(parsed) = std::str::from_utf8(pattern).ok().and_then(KeyPattern::parse) else {
        return;
    };
    assert_eq!(pattern.iter().filter(|byte| **byte == b'*').count(), 1);
    if let Ok(subject) = parsed.subject_of(rest) {
        assert_eq!(parsed.key_for(subject).as_deref().map(str::as_bytes), Some(rest));
    }
    if let Some((subject, key)) =
        std::str::from_utf8(rest).ok().and_then(|subject| Some((subject, parsed.key_for(subject)?)))
    {
        assert_eq!(parsed.subject_of(key.as_bytes()), Ok(subject));
    }
}
