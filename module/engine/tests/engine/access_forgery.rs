//! Access tokens that others made or changed: each is refused before its claims are read.

use crate::support::{
    NOW, SUBJECT, base64url, bytes_of, claims, login, login_text, mutations, parse, random, ring, session_id,
    signed, signer, signing_jwk,
};
use aws_lc_rs::hmac;
use hallpass_engine::access::{Claims, InvalidAccessToken, authenticate, mint};
use hallpass_engine::keys::{Algorithm, Jwk, JwkSet, Keyring};
use hallpass_engine::{keygen, refresh, token};
use proptest::prelude::*;

fn minted(ring: &Keyring) -> String {
    mint(signer(ring), &claims(&login(1))).expect("signs")
}

fn is_refused(ring: &Keyring, token: &str) -> bool {
    authenticate(ring, token.as_bytes(), NOW) == Err(InvalidAccessToken)
}

/// Returns whether a token with exactly this header is refused, although its signature and claims are valid.
fn refuses_header(ring: &Keyring, header: &str) -> bool {
    let token = minted(ring);
    let payload = String::from_utf8(bytes_of(token.split('.').nth(1).expect("a payload"))).expect("UTF-8");
    is_refused(ring, &signed(signer(ring), header, &payload))
}

fn header(typ: &str, alg: &str, kid: &str) -> String {
    format!(r#"{{"typ":"{typ}","alg":"{alg}","kid":"{kid}"}}"#)
}

#[test]
fn every_change_of_one_character_is_refused() {
    for alg in Algorithm::ALL {
        let ring = ring(alg);
        let token = minted(&ring);
        assert!(!is_refused(&ring, &token));
        let mut count = 0;
        for mutated in mutations(&token, 0..token.len()) {
            let result = authenticate(&ring, &mutated, NOW);
            assert_eq!(result, Err(InvalidAccessToken), "{alg}: {}", mutated.escape_ascii());
            count += 1;
        }
        assert!(count > 4000, "{count}");
    }
}

#[test]
fn every_character_left_out_and_every_cut_is_refused() {
    let ring = ring(Algorithm::HS256);
    let token = minted(&ring);
    for at in 0..token.len() {
        let (before, after) = token.split_at(at);
        for text in [before.to_owned(), format!("{before}{}", &after[1..]), format!("{before}.{after}")] {
            assert!(is_refused(&ring, &text), "{text}");
        }
    }
    for text in [format!("{token}="), format!("{token}."), format!("{token}\n"), format!("Bearer {token}")] {
        assert!(is_refused(&ring, &text), "{text:?}");
    }
}

#[test]
fn the_parts_of_two_good_tokens_do_not_mix() {
    for alg in Algorithm::ALL {
        let ring = ring(alg);
        let login = login(1);
        let other = mint(signer(&ring), &Claims { sub: "root", ..claims(&login) }).expect("signs");
        let token = minted(&ring);
        let (mine, theirs): (Vec<_>, Vec<_>) = (token.split('.').collect(), other.split('.').collect());
        assert!(is_refused(&ring, &[mine[0], theirs[1], mine[2]].join(".")), "{alg}");
    }
}

#[test]
fn a_header_of_another_algorithm_is_refused_even_where_the_signature_is_right() {
    for own in Algorithm::ALL {
        let ring = ring(own);
        let kid = signer(&ring).kid();
        assert!(!refuses_header(&ring, &header("at+jwt", own.name(), kid)));
        let others =
            ["none", "None", "", "EdDSA", "ES256", "HS256", "RS256", "eddsa", "Ed25519", "ed25519", "HS512"];
        let is_own = |alg: &str| alg == own.name() || (own == Algorithm::EdDSA && alg == "Ed25519");
        for alg in others.into_iter().filter(|alg| !is_own(alg)) {
            assert!(refuses_header(&ring, &header("at+jwt", alg, kid)), "{own} as {alg:?}");
        }
    }
}

#[test]
fn the_newer_name_of_eddsa_is_the_same_algorithm() {
    let ring = ring(Algorithm::EdDSA);
    assert!(!refuses_header(&ring, &header("at+jwt", "Ed25519", signer(&ring).kid())), "RFC 9864");
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let ring = ring(Algorithm::EdDSA);
    let token = minted(&ring);
    let payload = token.split('.').nth(1).expect("a payload");
    for alg in ["none", "EdDSA"] {
        let header = base64url(header("at+jwt", alg, signer(&ring).kid()));
        for text in [format!("{header}.{payload}."), format!("{header}.{payload}")] {
            assert!(is_refused(&ring, &text), "{text}");
        }
    }
}

#[test]
fn the_public_key_is_not_an_hmac_secret() {
    for alg in [Algorithm::EdDSA, Algorithm::ES256] {
        let ring = ring(alg);
        let set: JwkSet = serde_json::from_str(&ring.public_jwks(NOW)).expect("a JWK Set");
        let x = set.keys[0].x.as_deref().expect("a public key");
        for named in [alg.name(), "HS256"] {
            for secret in [x.as_bytes().to_vec(), bytes_of(x), ring.public_jwks(NOW).into_bytes()] {
                let head = base64url(header("at+jwt", named, signer(&ring).kid()));
                let token = minted(&ring);
                let text = format!("{head}.{}", token.split('.').nth(1).expect("a payload"));
                let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), text.as_bytes());
                assert!(is_refused(&ring, &format!("{text}.{}", base64url(mac))), "{alg} as {named}");
            }
        }
    }
}

#[test]
fn header_members_that_are_unknown_missing_repeated_or_of_another_type_are_refused() {
    let ring = ring(Algorithm::EdDSA);
    let kid = signer(&ring).kid();
    let good = header("at+jwt", "EdDSA", kid);
    for extra in [
        r#""crit":["exp"]"#,
        r#""b64":false"#,
        r#""jku":"https://evil.example""#,
        r#""jwk":{}"#,
        r#""x5c":[]"#,
        r#""cty":"JWT""#,
        r#""zip":"DEF""#,
        r#""enc":"A256GCM""#,
        r#""typ":"at+jwt""#,
        r#""alg":"EdDSA""#,
        r#""\u0061lg":"none""#,
        r#""kid":"other""#,
    ] {
        assert!(refuses_header(&ring, &good.replacen('}', &format!(",{extra}}}"), 1)), "{extra}");
        assert!(refuses_header(&ring, &good.replacen('{', &format!("{{{extra},"), 1)), "{extra}");
    }
    for text in [
        format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"at+jwt","kid":"{kid}"}}"#),
        r#"{"typ":"at+jwt","alg":"EdDSA"}"#.into(),
        format!(r#"{{"typ":null,"alg":"EdDSA","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"at+jwt","alg":["EdDSA"],"kid":"{kid}"}}"#),
        format!(r#"["at+jwt","EdDSA","{kid}"]"#),
        format!("{good}{good}"),
        format!("{good},"),
        String::new(),
    ] {
        assert!(refuses_header(&ring, &text), "{text}");
    }
}

#[test]
fn another_type_of_jwt_signed_with_the_same_key_is_refused() {
    let ring = ring(Algorithm::EdDSA);
    assert!(
        !refuses_header(&ring, &header("JWT", "EdDSA", signer(&ring).kid())),
        "our keys sign nothing else"
    );
    for typ in ["jwt", "AT+JWT", "application/at+jwt", "at+jwt ", "", "dpop+jwt", "logout+jwt"] {
        assert!(refuses_header(&ring, &header(typ, "EdDSA", signer(&ring).kid())), "{typ:?}");
    }
}

#[test]
fn a_key_id_names_exactly_one_key() {
    let (one, two) = (signing_jwk(Algorithm::EdDSA, 1), signing_jwk(Algorithm::EdDSA, 3));
    let (one_kid, two_kid) = (one.kid.clone(), two.kid.clone());
    let both = parse(&[one, two, keygen::refresh_key(&random(2))]).expect("usable keys");
    assert_eq!(signer(&both).kid(), two_kid);
    for kid in [one_kid.as_str(), "", "unknown", &two_kid.to_uppercase(), &format!("{two_kid}\0")] {
        assert!(refuses_header(&both, &header("at+jwt", "EdDSA", kid)), "{kid:?}");
    }
}

#[test]
fn a_refresh_key_verifies_no_access_token() {
    let refresh = keygen::refresh_key(&random(2));
    let as_signing = Jwk { usage: "sig".into(), ..refresh.clone() };
    let elsewhere = parse(&[as_signing, keygen::refresh_key(&random(9))]).expect("usable keys");
    let token = minted(&elsewhere);
    assert!(!is_refused(&elsewhere, &token));
    let ring = parse(&[signing_jwk(Algorithm::HS256, 1), refresh]).expect("usable keys");
    assert!(is_refused(&ring, &token));
}

#[test]
fn a_refresh_token_is_not_an_access_token() {
    let ring = ring(Algorithm::HS256);
    let key = ring.refresh_key(NOW, NOW).expect("a refresh key");
    assert!(is_refused(&ring, &refresh::mint(key, SUBJECT, &login(1), 5, 0)));
}

#[test]
fn another_ring_with_the_same_key_id_refuses_it() {
    for alg in Algorithm::ALL {
        let with = |seed| {
            let key = Jwk { kid: "same".into(), ..signing_jwk(alg, seed) };
            parse(&[key, keygen::refresh_key(&random(2))]).expect("usable keys")
        };
        assert!(is_refused(&with(3), &minted(&with(1))), "{alg}");
    }
}

#[test]
fn a_token_longer_than_8_kib_is_refused_unread() {
    let ring = ring(Algorithm::HS256);
    let key = signer(&ring);
    let payload = |blanks: usize| {
        let claims = format!(
            r#""sub":"{SUBJECT}","sid":"{}","gen":5,"cv":0,"exp":1760000900,"jti":"{}""#,
            session_id(1),
            login_text(&login(1))
        );
        format!("{{{claims}{}}}", " ".repeat(blanks))
    };
    let token_of = |blanks| signed(key, &header("at+jwt", "HS256", key.kid()), &payload(blanks));
    let longest = (5000..7000).map(token_of).take_while(|text| text.len() <= token::MAX_BYTES).last();
    let longest = longest.expect("some fit");
    assert!(longest.len() >= token::MAX_BYTES - 1);
    assert!(!is_refused(&ring, &longest));
    let too_long =
        (5000..7000).map(token_of).find(|text| text.len() > token::MAX_BYTES).expect("some do not");
    assert!(is_refused(&ring, &too_long));
}

proptest! {
    #[test]
    fn whatever_is_not_a_token_is_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        parts in proptest::collection::vec("[A-Za-z0-9_-]{0,60}", 0..6),
    ) {
        let ring = ring(Algorithm::HS256);
        prop_assert_eq!(authenticate(&ring, &bytes, NOW), Err(InvalidAccessToken));
        prop_assert!(is_refused(&ring, &parts.join(".")));
    }
}
