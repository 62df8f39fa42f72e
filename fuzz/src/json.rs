//! Claims and metadata: an accepted text keeps its meaning, has one spelling, and cannot pose as a claim of ours.

use crate::ring::{NOW, RING, SIGNING_KIDS};
use hallpass_engine::access::{self, Claims};
use hallpass_engine::json::{self, MAX_DEPTH, RESERVED_CLAIMS};
use hallpass_engine::login::Login;
use hallpass_engine::sid;
use hallpass_engine::token::TokenType;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const MAX_BYTES: usize = 4096;

/// Validates the input as CLAIMS of AUTH.ISSUE and AUTH.SETCLAIMS, and as META.
pub fn claims(data: &[u8]) {
    let meta = json::meta(data, MAX_BYTES);
    if let Ok(meta) = &meta {
        assert_eq!(json::meta(meta.as_bytes(), MAX_BYTES).as_ref(), Ok(meta), "written anew, it stays");
        // Numbers that this reader cannot hold stay as they came.
        if let Ok(read) = serde_json::from_str::<Value>(meta) {
            assert_eq!(serde_json::from_slice::<Value>(data).ok().as_ref(), Some(&read), "it means the same");
            assert!(depth(&read) <= MAX_DEPTH && read.is_object());
        }
        let is_compact = meta.split('"').step_by(2).all(|outside| !outside.contains(char::is_whitespace));
        assert!(meta.len() <= MAX_BYTES && (is_compact || meta.contains('\\')));
    }
    let Ok(claims) = json::claims(data, MAX_BYTES) else {
        return;
    };
    assert_eq!(meta.as_ref(), Ok(&claims));
    stand_beside_ours(&claims);
}

fn depth(value: &Value) -> usize {
    let inside = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + inside.unwrap_or(0)
}

/// Asserts that a token contains all custom claims, and that none replaces a claim of ours.
fn stand_beside_ours(custom: &str) {
    let minted = |custom| {
        let key = RING.verifying_key(&SIGNING_KIDS[1], NOW).expect("a key of the ring");
        let login = Login { sid: sid::new(1, &[3; 8]), issued_at: NOW * 1000 };
        let claims = Claims {
            typ: TokenType::AtJwt,
            iss: Some("https://id.example"),
            aud: None,
            sub: "42",
            login: &login,
            database: 7,
            generation: 5,
            claims_version: 6,
            auth_time: NOW - 60,
            iat: NOW,
            exp: NOW + 900,
            client_id: None,
            custom,
        };
        let token = access::mint(key, &claims).expect("signs");
        access::authenticate(&RING, token.as_bytes(), NOW).map(|token| members(token.payload()))
    };
    let Ok(all) = minted(Some(custom)) else {
        panic!("a token with these claims is refused");
    };
    let ours = minted(None).expect("a token without claims");
    let theirs = members(custom.as_bytes());
    assert!(theirs.keys().all(|name| !RESERVED_CLAIMS.contains(&name.as_str())));
    assert_eq!(all.len(), ours.len() + theirs.len());
    assert!(ours.iter().chain(&theirs).all(|(name, value)| all.get(name) == Some(value)));
}

/// Returns the members of an object, each as its JSON text.
fn members(object: &[u8]) -> BTreeMap<String, String> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(object).expect("a JSON object");
    members.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect()
}
