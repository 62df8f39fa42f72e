//! What both kinds of token have in common.

use crate::base64url::decode;
use crate::{json, refresh};
use serde::Deserialize;

/// Longer tokens are refused unread.
pub const MAX_BYTES: usize = 8 * 1024;

/// The subject that a refresh token or an access token names, unverified: it serves to find the Redis key, and the
/// command then checks the token against that key. `None` for what is neither.
pub fn subject(token: &str) -> Option<String> {
    if token.len() > MAX_BYTES {
        return None;
    }
    #[derive(Deserialize)]
    struct Payload {
        sub: String,
    }
    // One part more than either kind has is enough to see that it is neither.
    let parts: Vec<_> = token.splitn(7, '.').collect();
    match parts[..] {
        [refresh::PREFIX, _, subject, _, _, _] => String::from_utf8(decode(subject)?).ok(),
        [_, payload, _] => json::object::<Payload>(&decode(payload)?).map(|payload| payload.sub),
        _ => None,
    }
}
