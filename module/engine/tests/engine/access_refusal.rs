//! The checks of an authentic access token: subject, time, issuer, audience, in this order.

use crate::support::{
    NOW, SUBJECT, claims, login, login_text, parse, random, ring, session_id, signed, signer, signing_jwk,
};
use hallpass_engine::access::{
    AccessToken, Claims, ClaimsError, Expectations, InvalidAccessToken, authenticate, mint,
};
use hallpass_engine::keygen;
use hallpass_engine::keys::{Algorithm, Jwk, Keyring};
use hallpass_engine::login::MAX_ISSUED_AT;

const EXPECTED: Expectations<'_> = Expectations {
    subject: SUBJECT,
    database: 0,
    issuer: Some("https://id.example"),
    audience: Some("https://api.example"),
    now: NOW,
    leeway: 0,
};

/// Reads a token with these members after `sub`, `sid`, `jti`, `gen` and `cv`.
fn with(members: &str) -> Result<AccessToken, InvalidAccessToken> {
    payload(&format!(r#"{{"sub":"{SUBJECT}",{},"gen":5,"cv":0{members}}}"#, session_members()))
}

/// Returns `sid` and `jti` of an ordinary session.
fn session_members() -> String {
    format!(r#""sid":"{}","jti":"{}.5.{NOW}""#, session_id(1), login_text(&login(1)))
}

/// Reads a token with exactly this payload.
fn payload(payload: &str) -> Result<AccessToken, InvalidAccessToken> {
    let ring = ring(Algorithm::HS256);
    let key = signer(&ring);
    let header = format!(r#"{{"typ":"at+jwt","alg":"HS256","kid":"{}"}}"#, key.kid());
    authenticate(&ring, signed(key, &header, payload).as_bytes(), NOW)
}

/// Returns the result of the checks for a token with these members.
fn check(members: &str, expected: &Expectations<'_>) -> Result<(), ClaimsError> {
    with(members).expect("authentic").check(expected)
}

const ISS: &str = r#","iss":"https://id.example""#;
const AUD: &str = r#","aud":"https://api.example""#;

fn exp(seconds: i64) -> String {
    format!(r#","exp":{}"#, NOW.checked_add_signed(seconds).expect("near the present"))
}

fn nbf(seconds: i64) -> String {
    format!(r#","nbf":{}"#, NOW.checked_add_signed(seconds).expect("near the present"))
}

#[test]
fn a_minted_token_is_accepted_until_its_end() {
    let ring = ring(Algorithm::EdDSA);
    let token = mint(signer(&ring), &claims(&login(1))).expect("signs");
    let token = authenticate(&ring, token.as_bytes(), NOW).expect("ours");
    let at = |now, leeway| token.check(&Expectations { now, leeway, ..EXPECTED });
    assert_eq!(at(NOW, 0), Ok(()));
    assert_eq!(at(NOW - 10_000, 0), Ok(()), "iat is not looked at: another node's clock may be ahead");
    assert_eq!(at(NOW + 899, 0), Ok(()));
    assert_eq!(at(NOW + 900, 0), Err(ClaimsError::Expired));
    assert_eq!(at(NOW + 909, 10), Ok(()));
    assert_eq!(at(NOW + 910, 10), Err(ClaimsError::Expired));
}

#[test]
fn another_subject_is_refused_before_the_expiry_is_looked_at() {
    let members = format!("{}{ISS}{AUD}", exp(-1));
    for subject in ["user-4", "user-421", "USER-42", "", "user-42\0"] {
        assert_eq!(
            check(&members, &Expectations { subject, ..EXPECTED }),
            Err(ClaimsError::Invalid),
            "{subject:?}"
        );
    }
    assert_eq!(check(&members, &EXPECTED), Err(ClaimsError::Expired));
}

#[test]
fn another_database_is_refused_like_another_subject() {
    let members = format!("{}{ISS}{AUD}", exp(9));
    let of =
        |claim: &str, database| check(&format!("{members}{claim}"), &Expectations { database, ..EXPECTED });
    assert_eq!((of("", 0), of("", 1)), (Ok(()), Err(ClaimsError::Invalid)));
    for (database, is_right) in [(0, false), (1, true), (2, false), (11, false)] {
        assert_eq!(of(r#","db":1"#, database).is_ok(), is_right, "{database}");
    }
    assert_eq!(of(r#","db":1"#, 0), Err(ClaimsError::Invalid), "as before the expiry");
    for other in ["-1", "4294967296", "1.0", r#""1""#, "[1]"] {
        assert_eq!(with(&format!(r#"{members},"db":{other}"#)), Err(InvalidAccessToken), "{other}");
    }
}

#[test]
fn a_token_id_must_begin_with_a_login() {
    let read = |jti: &str| {
        payload(&format!(
            r#"{{"sub":"{SUBJECT}","sid":"{}","jti":"{jti}","gen":5,"cv":0,"exp":1760000900}}"#,
            session_id(1)
        ))
    };
    let good = login_text(&login(1));
    for accepted in [format!("{good}.5.{NOW}"), format!("{good}."), good.clone()] {
        assert_eq!(read(&accepted).expect("ours").login, login(1), "{accepted}");
    }
    let other = read(&format!("{}.5.{NOW}", login_text(&login(2)))).expect("ours").login;
    assert_eq!(
        (other.sid, other.issued_at),
        (session_id(1), MAX_ISSUED_AT),
        "of another session: of no record"
    );
    for refused in [&good[1..], &format!("{good}A"), &format!(".{good}"), &good.replace('A', "="), ""] {
        assert_eq!(read(refused), Err(InvalidAccessToken), "{refused}");
    }
}

#[test]
fn the_expiry_goes_before_nbf_issuer_and_audience() {
    assert_eq!(check(&format!("{}{}", exp(0), nbf(5)), &EXPECTED), Err(ClaimsError::Expired));
}

#[test]
fn a_token_is_valid_from_nbf_on_with_leeway() {
    let at = |seconds, leeway| {
        check(&format!("{}{}{ISS}{AUD}", exp(100), nbf(seconds)), &Expectations { leeway, ..EXPECTED })
    };
    assert_eq!(at(0, 0), Ok(()));
    assert_eq!(at(1, 0), Err(ClaimsError::Invalid));
    assert_eq!(at(10, 10), Ok(()));
    assert_eq!(at(11, 10), Err(ClaimsError::Invalid));
}

#[test]
fn the_issuer_must_be_the_expected_one_when_there_is_one() {
    let none = Expectations { issuer: None, ..EXPECTED };
    for members in [format!("{}{AUD}", exp(9)), format!(r#"{}{AUD},"iss":"https://id.example/""#, exp(9))] {
        assert_eq!(check(&members, &EXPECTED), Err(ClaimsError::Invalid), "{members}");
        assert_eq!(check(&members, &none), Ok(()), "{members}");
    }
}

#[test]
fn the_audience_must_be_or_hold_the_expected_one_when_there_is_one() {
    let none = Expectations { audience: None, ..EXPECTED };
    for (aud, fits) in [
        (r#""https://api.example""#, true),
        (r#"["https://other.example","https://api.example"]"#, true),
        (r#""https://other.example""#, false),
        (r#""https://api.example ""#, false),
        (r#"["https://other.example"]"#, false),
        ("[]", false),
        ("null", false),
    ] {
        let members = format!(r#"{}{ISS},"aud":{aud}"#, exp(9));
        assert_eq!(check(&members, &EXPECTED).is_ok(), fits, "{aud}");
        assert_eq!(check(&members, &none), Ok(()), "{aud}");
    }
    assert_eq!(
        check(&format!("{}{ISS}", exp(9)), &EXPECTED),
        Err(ClaimsError::Invalid),
        "no audience at all"
    );
}

#[test]
fn times_at_the_end_of_the_number_range_do_not_wrap() {
    let forever = format!(r#","exp":{}{ISS}{AUD}"#, u64::MAX);
    assert_eq!(check(&forever, &Expectations { leeway: u64::MAX, ..EXPECTED }), Ok(()));
    let end = Expectations { now: u64::MAX, leeway: 60, ..EXPECTED };
    assert_eq!(check(&forever, &end), Err(ClaimsError::Expired));
    assert_eq!(
        check(&format!(r#","nbf":{}{}{ISS}{AUD}"#, u64::MAX, exp(9)), &EXPECTED),
        Err(ClaimsError::Invalid)
    );
}

#[test]
fn a_claim_that_every_token_has_must_be_there_once_and_of_its_type() {
    let sid = session_id(1);
    let member = |name: &str, value: &str| format!(r#""{name}":{value}"#);
    let all = [
        member("sub", r#""user-42""#),
        member("sid", &format!(r#""{sid}""#)),
        member("jti", &format!(r#""{}.5.{NOW}""#, login_text(&login(1)))),
        member("gen", "5"),
        member("cv", "0"),
        member("exp", "1760000900"),
    ];
    let object = |members: &[String]| payload(&format!("{{{}}}", members.join(",")));
    assert!(object(&all).is_ok());
    for at in 0..all.len() {
        let without = [&all[..at], &all[at + 1..]].concat();
        assert_eq!(object(&without), Err(InvalidAccessToken), "without {}", all[at]);
        let twice = [&all[..], &all[at..=at]].concat();
        assert_eq!(object(&twice), Err(InvalidAccessToken), "twice {}", all[at]);
        let name = all[at].split('"').nth(1).expect("a name");
        for value in ["null", "true", "-1", "5.5", "[5]", "{}", r#""5""#, "1e999"] {
            let mut changed = all.clone();
            changed[at] = member(name, value);
            let is_text = name == "sub" && value.starts_with('"');
            assert_eq!(object(&changed).is_ok(), is_text, "{name} is {value}");
        }
    }
    for id in [sid.to_string().to_uppercase(), sid.simple().to_string(), String::new()] {
        let mut changed = all.clone();
        changed[1] = member("sid", &format!(r#""{id}""#));
        assert_eq!(object(&changed), Err(InvalidAccessToken), "sid {id:?}");
    }
}

#[test]
fn a_payload_that_is_not_one_json_object_is_refused() {
    let members = session_members();
    let object = format!(r#"{{"sub":"user-42",{members},"gen":5,"cv":0,"exp":1760000900}}"#);
    assert!(payload(&object).is_ok());
    for text in [
        format!(
            r#"["user-42","{}","{}",null,5,0,1760000900,null,null,null]"#,
            session_id(1),
            login_text(&login(1))
        ),
        format!("{object}{object}"),
        format!("{object},"),
        object.replacen('{', "", 1),
        String::new(),
        "null".into(),
    ] {
        assert_eq!(payload(&text), Err(InvalidAccessToken), "{text}");
    }
}

#[test]
fn a_key_verifies_until_it_expires_also_before_it_signs() {
    let key = Jwk { nbf: Some(NOW), exp: Some(NOW + 100), ..signing_jwk(Algorithm::EdDSA, 1) };
    let ring: Keyring = parse(&[key, keygen::refresh_key(&random(2))]).expect("usable keys");
    let login = login(1);
    let token = mint(signer(&ring), &Claims { exp: NOW + 9000, ..claims(&login) }).expect("signs");
    assert!(authenticate(&ring, token.as_bytes(), NOW - 1000).is_ok(), "minted where the clock is ahead");
    assert!(authenticate(&ring, token.as_bytes(), NOW + 99).is_ok());
    assert_eq!(authenticate(&ring, token.as_bytes(), NOW + 100), Err(InvalidAccessToken));
}
