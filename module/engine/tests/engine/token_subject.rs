//! The subject of a token, read without any key: for callers that must name the Redis key.

use crate::support::{NOW, base64url, claims, login, ring, signer};
use hallpass_engine::access::{Claims, mint};
use hallpass_engine::keys::Algorithm;
use hallpass_engine::{refresh, token};
use proptest::prelude::*;

fn refresh_token(subject: &str) -> String {
    let ring = ring(Algorithm::HS256);
    refresh::mint(ring.refresh_key(NOW, NOW).expect("a refresh key"), subject, &login(1), 5, 0)
}

fn access_token(sub: &str) -> String {
    let login = login(1);
    mint(signer(&ring(Algorithm::HS256)), &Claims { sub, ..claims(&login) }).expect("signs")
}

/// Returns a text with the form of a JWT and this payload.
fn jwt(payload: &str) -> String {
    format!("{}.{}.{}", base64url("{}"), base64url(payload), base64url("signature"))
}

proptest! {
    #[test]
    fn both_kinds_of_token_name_their_subject(subject in ".{1,100}") {
        prop_assert_eq!(token::subject(&refresh_token(&subject)), Some(subject.clone()));
        prop_assert_eq!(token::subject(&access_token(&subject)), Some(subject));
    }

    #[test]
    fn garbage_names_nobody(text in ".{0,200}", parts in proptest::collection::vec("[A-Za-z0-9_-]{0,40}", 0..9)) {
        prop_assert_eq!(token::subject(&text), None);
        // Random base64url is not a JSON object, and does not begin with hp1.
        prop_assert_eq!(token::subject(&parts.join(".")), None);
    }
}

#[test]
fn the_subject_is_read_whether_or_not_the_token_is_authentic() {
    let forged = refresh_token("alice").replacen("hp1.", "hp1.x", 1);
    assert_eq!(token::subject(&forged).as_deref(), Some("alice"));
    assert_eq!(token::subject(&jwt(r#"{"sub":"alice","exp":0}"#)).as_deref(), Some("alice"));
}

#[test]
fn a_jwt_without_exactly_one_textual_subject_names_nobody() {
    for payload in [
        "{}",
        "",
        "null",
        r#""alice""#,
        r#"["alice"]"#,
        r#"{"sub":42}"#,
        r#"{"sub":null}"#,
        r#"{"sub":["alice"]}"#,
        r#"{"sub":"alice","sub":"bob"}"#,
        r#"{"sub":"alice","\u0073ub":"bob"}"#,
        r#"{"Sub":"alice"}"#,
        r#"{"sub":"alice"}x"#,
        r#"{"sub":"\ud800"}"#,
    ] {
        assert_eq!(token::subject(&jwt(payload)), None, "{payload}");
    }
}

#[test]
fn the_number_of_parts_tells_the_kinds() {
    let subject = base64url("alice");
    for text in [
        format!("hp1.kid.{subject}"),
        format!("hp1.kid.{subject}.sid.0"),
        format!("hp1.kid.{subject}.sid.0.mac.more"),
        format!("hp2.kid.{subject}.sid.0.mac"),
        format!("{}.more", jwt(r#"{"sub":"alice"}"#)),
        format!("{}.{}", base64url("{}"), base64url(r#"{"sub":"alice"}"#)),
        ".".repeat(8192),
    ] {
        assert_eq!(token::subject(&text), None, "{text}");
    }
}

#[test]
fn other_spellings_of_base64_name_nobody() {
    let good = format!("hp1.kid.{}.sid.0.mac", base64url("user-42"));
    assert_eq!(token::subject(&good).as_deref(), Some("user-42"));
    for subject in ["dXNlci00Mg==", "dXNlci00Mh", "dXNlci00Mg ", "dXNlci0\n0Mg", "_w", "/w"] {
        assert_eq!(token::subject(&format!("hp1.kid.{subject}.sid.0.mac")), None, "{subject:?}");
    }
}

#[test]
fn a_token_longer_than_8_kib_is_not_read() {
    let padded = |length: usize| {
        let text = jwt(r#"{"sub":"alice"}"#);
        let missing = length - text.len();
        text + &"x".repeat(missing)
    };
    assert_eq!(token::subject(&padded(8192)).as_deref(), Some("alice"));
    assert_eq!(token::subject(&padded(8193)), None);
}
