//! The refresh token: only what this ring minted is accepted, in exactly one spelling.

use crate::support::{
    NOW, SUBJECT, base64url, bytes_of, login, login_text, mutations, parse, random, signing_jwk,
};
use hallpass_engine::keys::{Algorithm, Jwk, Keyring, RefreshKey};
use hallpass_engine::login::{Login, MAX_ISSUED_AT};
use hallpass_engine::record::MAX_GENERATION;
use hallpass_engine::refresh::{InvalidRefreshToken, RefreshToken, mint, open};
use hallpass_engine::{keygen, token};
use proptest::prelude::*;

fn ring_of(refresh_keys: &[Jwk]) -> Keyring {
    parse(&[&[signing_jwk(Algorithm::HS256, 1)], refresh_keys].concat()).expect("usable keys")
}

fn ring() -> Keyring {
    ring_of(&[keygen::refresh_key(&random(2))])
}

fn key(ring: &Keyring) -> &RefreshKey {
    ring.refresh_key(NOW, NOW).expect("a refresh key")
}

/// Returns a token with exactly this body and a valid MAC.
fn authentic(key: &RefreshKey, body: &str) -> String {
    format!("{body}.{}", base64url(key.mac(body.as_bytes())))
}

/// Returns whether the ring accepts a token with this body and a valid MAC.
fn accepts_body(body: &str) -> bool {
    let ring = ring();
    open(&ring, authentic(key(&ring), body).as_bytes(), NOW, 0).is_ok()
}

/// Returns the body of a valid token, with one part replaced.
fn body_with(part: usize, value: &str) -> String {
    let ring = ring();
    let token = mint(key(&ring), SUBJECT, &login(1), 7, 0);
    let mut parts: Vec<_> = token.split('.').take(5).collect();
    parts[part] = value;
    parts.join(".")
}

proptest! {
    #[test]
    fn what_was_minted_is_opened(
        subject in ".{0,100}",
        random in any::<u8>(),
        issued_at in 0..MAX_ISSUED_AT,
        generation in prop_oneof![0..100_u64, 0..MAX_GENERATION],
        database in prop_oneof![Just(0), 0..100_u32, any::<u32>()],
    ) {
        let ring = ring();
        let login = Login { issued_at, ..login(random) };
        let token = mint(key(&ring), &subject, &login, generation, database);
        prop_assert_eq!(&token, &mint(key(&ring), &subject, &login, generation, database));
        let opened = open(&ring, token.as_bytes(), NOW, database);
        prop_assert_eq!(opened, Ok(RefreshToken { subject, login, generation }));
        let elsewhere = open(&ring, token.as_bytes(), NOW, database.wrapping_add(1));
        prop_assert_eq!(elsewhere, Err(InvalidRefreshToken));
    }

    #[test]
    fn whatever_is_not_a_token_is_invalid(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(open(&ring(), &text, NOW, 0), Err(InvalidRefreshToken));
    }
}

#[test]
fn the_parts_are_those_documented() {
    let ring = ring();
    let token = mint(key(&ring), SUBJECT, &login(1), 7, 0);
    let parts: Vec<_> = token.split('.').collect();
    let [prefix, kid, subject, login_part, generation, mac] = parts[..] else { panic!("six parts: {token}") };
    assert_eq!((prefix, kid, generation), ("hp1", key(&ring).kid(), "7"));
    assert_eq!(bytes_of(subject), SUBJECT.as_bytes());
    assert_eq!(login_part, login_text(&login(1)));
    assert_eq!(bytes_of(login_part).len(), 22);
    assert!(bytes_of(mac).len() >= 16, "at least 128 bits of MAC");
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "URL-safe");
}

#[test]
fn every_change_of_one_character_is_refused() {
    let ring = ring();
    let token = mint(key(&ring), SUBJECT, &login(1), 10, 0);
    let mut count = 0;
    for mutated in mutations(&token, 0..token.len()) {
        assert_eq!(open(&ring, &mutated, NOW, 0), Err(InvalidRefreshToken), "{}", mutated.escape_ascii());
        count += 1;
    }
    assert!(count > 1000, "{count}");
}

#[test]
fn every_character_left_out_or_put_in_is_refused() {
    let ring = ring();
    let token = mint(key(&ring), SUBJECT, &login(1), 10, 0);
    for at in 0..token.len() {
        let (before, after) = token.split_at(at);
        for text in
            [format!("{before}{}", &after[1..]), format!("{before}A{after}"), format!("{before}.{after}")]
        {
            assert_eq!(open(&ring, text.as_bytes(), NOW, 0), Err(InvalidRefreshToken), "{text}");
        }
        assert_eq!(open(&ring, before.as_bytes(), NOW, 0), Err(InvalidRefreshToken), "{before}");
    }
    for text in [format!("{token}="), format!("{token}."), format!("{token}\n"), format!(" {token}")] {
        assert_eq!(open(&ring, text.as_bytes(), NOW, 0), Err(InvalidRefreshToken), "{text:?}");
    }
}

#[test]
fn a_generation_has_one_spelling_and_room_for_a_successor() {
    assert!(accepts_body(&body_with(4, "7")));
    assert!(accepts_body(&body_with(4, "0")));
    assert!(accepts_body(&body_with(4, "9007199254740990")), "2^53 - 2");
    for text in [
        "",
        "07",
        "00",
        "+7",
        "-0",
        "-1",
        " 7",
        "7 ",
        "7e0",
        "7_0",
        "0x7",
        "٧",
        "9007199254740991",
        "9007199254740992",
        "18446744073709551615",
        "18446744073709551616",
        "36893488147419103239",
    ] {
        assert!(!accepts_body(&body_with(4, text)), "generation {text:?}");
    }
}

#[test]
fn the_other_parts_have_one_spelling_even_with_the_right_mac() {
    let bytes = bytes_of(&login_text(&login(1)));
    let version_4 = {
        let mut bytes = bytes.clone();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        base64url(bytes)
    };
    // user-42 is 7 bytes and 10 characters, the last of which has spare bits.
    let spare_bits = base64url(SUBJECT).replace("Mg", "Mh");
    assert_ne!(spare_bits, base64url(SUBJECT));
    let bodies = [
        body_with(0, "hp2"),
        body_with(0, "HP1"),
        body_with(0, ""),
        body_with(1, "unknown"),
        body_with(1, ""),
        body_with(2, &format!("{}==", base64url(SUBJECT))),
        body_with(2, &spare_bits),
        body_with(2, &base64url([0xff, 0xfe])),
        body_with(2, "user 42"),
        body_with(3, &base64url(&bytes[1..])),
        body_with(3, &base64url([&bytes[..], &[0]].concat())),
        body_with(3, &base64url(&bytes[..16])),
        body_with(3, &base64url([0; 22])),
        body_with(3, &version_4),
        body_with(3, &login(1).sid.to_string()),
        body_with(3, ""),
        format!("{}.", body_with(4, "7")),
        format!("{}.7", body_with(4, "7")),
        format!(".{}", body_with(4, "7")),
        body_with(4, "7").replacen("hp1.", "", 1),
    ];
    for body in bodies {
        assert!(!accepts_body(&body), "{body}");
    }
}

#[test]
fn a_token_of_one_database_is_none_of_another() {
    let ring = ring();
    let of = |database| mint(key(&ring), SUBJECT, &login(1), 7, database);
    assert_ne!(of(0), of(1));
    for (minted, asked) in [(0, 1), (1, 0), (1, 2), (1, 11), (11, 1)] {
        assert_eq!(open(&ring, of(minted).as_bytes(), NOW, asked), Err(InvalidRefreshToken));
    }
    // The MAC of database 1 covers a sixth part, which a token does not have.
    let token = of(1);
    let (body, mac) = token.rsplit_once('.').expect("has a MAC");
    let text = format!("{body}.1.{mac}");
    assert_eq!(open(&ring, text.as_bytes(), NOW, 0), Err(InvalidRefreshToken));
}

#[test]
fn a_shortened_or_lengthened_mac_is_refused() {
    let ring = ring();
    let token = mint(key(&ring), SUBJECT, &login(1), 7, 0);
    let (body, mac) = token.rsplit_once('.').expect("has a MAC");
    let mac = bytes_of(mac);
    for length in 0..mac.len() {
        let text = format!("{body}.{}", base64url(&mac[..length]));
        assert_eq!(open(&ring, text.as_bytes(), NOW, 0), Err(InvalidRefreshToken), "{length} bytes");
    }
    let text = format!("{body}.{}", base64url([&mac[..], &[0]].concat()));
    assert_eq!(open(&ring, text.as_bytes(), NOW, 0), Err(InvalidRefreshToken));
}

#[test]
fn a_token_is_of_its_key_id_too() {
    let secret = keygen::refresh_key(&random(2));
    let ring = ring_of(&[Jwk { kid: "a".into(), ..secret.clone() }, Jwk { kid: "b".into(), ..secret }]);
    let token = mint(ring.refresh_key_by_id("a", NOW).expect("known"), SUBJECT, &login(1), 7, 0);
    assert!(open(&ring, token.as_bytes(), NOW, 0).is_ok());
    let renamed = token.replacen("hp1.a.", "hp1.b.", 1);
    assert_eq!(open(&ring, renamed.as_bytes(), NOW, 0), Err(InvalidRefreshToken), "same secret, other id");
}

#[test]
fn another_ring_with_the_same_key_id_refuses_it() {
    let with_secret = |byte| ring_of(&[Jwk { kid: "same".into(), ..keygen::refresh_key(&random(byte)) }]);
    let token = mint(key(&with_secret(2)), SUBJECT, &login(1), 7, 0);
    assert!(open(&with_secret(2), token.as_bytes(), NOW, 0).is_ok());
    assert_eq!(open(&with_secret(3), token.as_bytes(), NOW, 0), Err(InvalidRefreshToken));
}

#[test]
fn a_signing_key_authenticates_no_refresh_token() {
    let signing = signing_jwk(Algorithm::HS256, 1);
    let impostor = Jwk { usage: "refresh".into(), ..signing };
    let elsewhere = parse(&[signing_jwk(Algorithm::EdDSA, 9), impostor]).expect("usable keys");
    let token = mint(key(&elsewhere), SUBJECT, &login(1), 7, 0);
    assert_eq!(open(&ring(), token.as_bytes(), NOW, 0), Err(InvalidRefreshToken));
}

#[test]
fn a_key_opens_tokens_until_it_expires_also_before_it_mints() {
    let ring = ring_of(&[Jwk { nbf: Some(NOW), exp: Some(NOW + 100), ..keygen::refresh_key(&random(2)) }]);
    let token = mint(key(&ring), SUBJECT, &login(1), 7, 0);
    assert!(open(&ring, token.as_bytes(), NOW - 1000, 0).is_ok(), "minted where the clock is ahead");
    assert!(open(&ring, token.as_bytes(), NOW + 99, 0).is_ok());
    assert_eq!(open(&ring, token.as_bytes(), NOW + 100, 0), Err(InvalidRefreshToken));
}

#[test]
fn a_token_longer_than_8_kib_is_refused_unread() {
    let ring = ring();
    let of_length = |length: usize| {
        let candidates = (1..=4).flat_map(|digits| {
            (6000..6200).map(move |bytes: usize| ("s".repeat(bytes), 10_u64.pow(digits - 1)))
        });
        candidates
            .map(|(subject, generation)| mint(key(&ring), &subject, &login(1), generation, 0))
            .find(|token| token.len() == length)
            .expect("some subject and generation give this length")
    };
    assert_eq!(token::MAX_BYTES, 8192);
    assert!(open(&ring, of_length(8192).as_bytes(), NOW, 0).is_ok());
    assert_eq!(open(&ring, of_length(8193).as_bytes(), NOW, 0), Err(InvalidRefreshToken));
}
