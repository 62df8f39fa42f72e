//! Refresh tokens: each accepted one is exactly the one that would be minted for its contents.

use crate::ring::{NOW, RING, base64url};
use hallpass_engine::{access, refresh, token};

/// Opens the input as a token, and once more with a valid MAC appended.
pub fn refresh_token(data: &[u8]) {
    is_genuine_or_refused(data, 0);
    let key = RING.refresh_key(NOW, NOW).expect("a refresh key");
    for (database, covered) in [(0, data.to_vec()), (7, [data, b".7"].concat())] {
        let mac = base64url(key.mac(&covered));
        is_genuine_or_refused(&[data, b".", mac.as_bytes()].concat(), database);
    }
}

fn is_genuine_or_refused(text: &[u8], database: u32) {
    let unverified = std::str::from_utf8(text).ok().and_then(token::subject);
    let Ok(opened) = refresh::open(&RING, text, NOW, database) else {
        return;
    };
    let key = RING.refresh_key(NOW, NOW).expect("a refresh key");
    let genuine = refresh::mint(key, &opened.subject, &opened.login, opened.generation, database);
    assert_eq!(genuine.as_bytes(), text);
    assert!(refresh::open(&RING, text, NOW, database + 1).is_err(), "of another database");
    assert_eq!(unverified, Some(opened.subject), "the key is found by another subject");
    assert!(access::authenticate(&RING, text, NOW).is_err(), "one token of both kinds");
}
