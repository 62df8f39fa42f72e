//! The rules for the header and the claims of an outside token (OpenID Connect Core 1.0 §3.1.3.7, RFC 7519 §4.1, RFC
//! 8725).

use crate::algorithm;
use crate::issuer::Issuer;
use crate::refusal::Refusal;
use crate::token::OutsideToken;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

/// How far the issuer's clock may be ahead of ours, in seconds. It does not extend `exp`.
const CLOCK_SKEW: u64 = 10;
/// How long a token may still be valid, in seconds: a token for logging in is used at once.
const MAX_REMAINING: u64 = 24 * 3600;

/// The times of a valid token, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// `exp`.
    pub expires_at: u64,
    /// When the user authenticated: `auth_time`, or else `iat`, before which it was. Not in the future.
    pub authenticated_at: u64,
}

/// Checks the header. Returns the algorithm of the signature.
///
/// # Errors
/// [`Refusal`].
pub fn check_header(token: &OutsideToken<'_>, issuer: &Issuer) -> Result<Algorithm, Refusal> {
    // No extension is understood here (RFC 7515 §4.1.11), and `cty` announces a JWT inside of the JWT (RFC 7519 §5.2).
    if token.header.contains_key("crit") || token.header.contains_key("cty") {
        return Err(Refusal::Unsupported);
    }
    if !is_expected_type(token.header.get("typ"), issuer.typ.as_deref()) {
        return Err(Refusal::WrongType);
    }
    let named = token.header_text("alg").and_then(algorithm::named);
    named.filter(|algorithm| issuer.takes(*algorithm)).ok_or(Refusal::WrongAlgorithm)
}

/// Compares media types, with or without `application/` (RFC 7515 §4.1.9).
fn is_expected_type(typ: Option<&Value>, expected: Option<&str>) -> bool {
    let Some(typ) = typ else { return expected.is_none() };
    let plain = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.strip_prefix("application/").map_or(text.clone(), str::to_owned)
    };
    typ.as_str().is_some_and(|typ| plain(typ) == plain(expected.unwrap_or("JWT")))
}

/// Checks the claims of a token whose issuer and signature are right. `nonce` is the one that was sent along, and `now`
/// in Unix seconds.
///
/// # Errors
/// [`Refusal`].
pub fn check_claims(
    claims: &Map<String, Value>,
    issuer: &Issuer,
    nonce: Option<&str>,
    now: u64,
) -> Result<Times, Refusal> {
    if claims.contains_key("events") {
        return Err(Refusal::SecurityEvent);
    }
    text(claims, "sub").ok_or(Refusal::MissingClaim("sub"))?;
    check_audience(claims, issuer)?;
    let times = check_times(claims, issuer, now)?;
    if nonce.is_some_and(|sent| text(claims, "nonce") != Some(sent)) {
        return Err(Refusal::WrongNonce);
    }
    if issuer.subject.uses("email") && claims.get("email_verified") != Some(&Value::Bool(true)) {
        return Err(Refusal::UnverifiedEmail);
    }
    Ok(times)
}

/// Checks that the token is for us, and where it is for others too, that we are the party it was issued to.
fn check_audience(claims: &Map<String, Value>, issuer: &Issuer) -> Result<(), Refusal> {
    let audiences = match claims.get("aud") {
        Some(Value::String(audience)) => vec![audience.as_str()],
        Some(Value::Array(list)) => {
            let texts = list.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
            texts.ok_or(Refusal::MissingClaim("aud"))?
        }
        _ => return Err(Refusal::MissingClaim("aud")),
    };
    if !audiences.iter().any(|audience| issuer.is_our_audience(audience)) {
        return Err(Refusal::WrongAudience);
    }
    let is_ours = text(claims, "azp").is_some_and(|party| issuer.is_our_audience(party));
    if audiences.len() > 1 && !is_ours { Err(Refusal::WrongParty) } else { Ok(()) }
}

fn check_times(claims: &Map<String, Value>, issuer: &Issuer, now: u64) -> Result<Times, Refusal> {
    let expires_at = required_time(claims, "exp")?;
    let issued_at = required_time(claims, "iat")?;
    let begins_at = optional_time(claims, "nbf")?.unwrap_or(0);
    let authenticated_at = optional_time(claims, "auth_time")?;
    if expires_at <= now {
        return Err(Refusal::Expired);
    }
    if issued_at.max(begins_at).max(authenticated_at.unwrap_or(0)) > now + CLOCK_SKEW {
        return Err(Refusal::NotYetValid);
    }
    if expires_at - now > MAX_REMAINING {
        return Err(Refusal::TooLongLived);
    }
    if let Some(max_age) = issuer.max_age {
        let at = authenticated_at.ok_or(Refusal::MissingClaim("auth_time"))?;
        if now.saturating_sub(at) > max_age {
            return Err(Refusal::OldAuthentication);
        }
    }
    Ok(Times { expires_at, authenticated_at: authenticated_at.unwrap_or(issued_at).min(now) })
}

/// Returns a claim if it is a string that is not empty.
fn text<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c str> {
    claims.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn required_time(claims: &Map<String, Value>, name: &'static str) -> Result<u64, Refusal> {
    optional_time(claims, name)?.ok_or(Refusal::MissingClaim(name))
}

/// Returns a NumericDate (RFC 7519 §2) in whole seconds.
fn optional_time(claims: &Map<String, Value>, name: &'static str) -> Result<Option<u64>, Refusal> {
    /// The last second of the year 9999.
    const LAST: f64 = 253_402_300_799.0;
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_f64().filter(|seconds| (0.0..=LAST).contains(seconds));
    // Within that range the cast drops the fraction only.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    seconds.map(|seconds| Some(seconds as u64)).ok_or(Refusal::MissingClaim(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::issuer;
    use hallpass_engine::base64url;
    use serde_json::json;

    const NOW: u64 = 1_800_000_000;

    fn claims(more: &Value) -> Map<String, Value> {
        let mut claims = json!({"sub": "42", "aud": "app", "iat": NOW, "exp": NOW + 3600});
        let claims = claims.as_object_mut().expect("an object");
        for (name, value) in more.as_object().expect("an object") {
            if value.is_null() {
                claims.remove(name);
            } else {
                claims.insert(name.clone(), value.clone());
            }
        }
        claims.clone()
    }

    fn checked(more: &Value, members: &Value, nonce: Option<&str>) -> Result<Times, Refusal> {
        check_claims(&claims(more), &issuer(members), nonce, NOW)
    }

    fn header(header: &Value, members: &Value) -> Result<Algorithm, Refusal> {
        let text = format!("{}.e30.", base64url::encode(header.to_string()));
        check_header(&OutsideToken::read(&text).expect("a token"), &issuer(members))
    }

    #[test]
    fn a_plain_token_keeps_all_rules() {
        let times = Times { expires_at: NOW + 3600, authenticated_at: NOW };
        assert_eq!(checked(&json!({}), &json!({}), None), Ok(times));
        assert_eq!(
            header(&json!({"alg": "RS256", "kid": "a", "jku": "https://x"}), &json!({})),
            Ok(Algorithm::RS256)
        );
    }

    #[test]
    fn the_algorithm_is_asymmetric_and_the_issuers() {
        let only = json!({"algorithms": ["RS256"]});
        assert_eq!(header(&json!({"alg": "RS256"}), &only), Ok(Algorithm::RS256));
        for alg in [
            json!("ES256"),
            json!("PS256"),
            json!("HS256"),
            json!("none"),
            json!("RS256 "),
            json!(7),
            json!(null),
        ] {
            assert_eq!(header(&json!({"alg": alg}), &only), Err(Refusal::WrongAlgorithm), "{alg}");
        }
        assert_eq!(header(&json!({}), &json!({})), Err(Refusal::WrongAlgorithm));
        assert_eq!(header(&json!({"alg": "HS256"}), &json!({})), Err(Refusal::WrongAlgorithm));
    }

    #[test]
    fn typ_is_absent_or_jwt_unless_the_file_says_so() {
        let typ = |typ: &str, members: &Value| header(&json!({"alg": "RS256", "typ": typ}), members);
        for plain in ["JWT", "jwt", "application/jwt"] {
            assert!(typ(plain, &json!({})).is_ok(), "{plain}");
        }
        for other in ["at+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "JOSE", "", "application/at+jwt"] {
            assert_eq!(typ(other, &json!({})), Err(Refusal::WrongType), "{other}");
        }
        assert_eq!(header(&json!({"alg": "RS256", "typ": 1}), &json!({})), Err(Refusal::WrongType));
        let access = json!({"typ": "at+jwt"});
        assert!(typ("at+jwt", &access).is_ok() && typ("application/AT+JWT", &access).is_ok());
        assert_eq!(typ("JWT", &access), Err(Refusal::WrongType));
        assert_eq!(header(&json!({"alg": "RS256"}), &access), Err(Refusal::WrongType));
    }

    #[test]
    fn extensions_and_nested_tokens_are_not_supported() {
        for more in [json!({"crit": ["b64"], "b64": false}), json!({"crit": []}), json!({"cty": "JWT"})] {
            let mut fields = json!({"alg": "RS256"});
            fields.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            assert_eq!(header(&fields, &json!({})), Err(Refusal::Unsupported), "{fields}");
        }
    }

    #[test]
    fn the_audience_is_ours_and_among_several_the_party_too() {
        let two = json!({"audience": ["web", "phone"]});
        for (aud, azp, members) in [
            (json!("app"), None, json!({})),
            (json!(["app"]), None, json!({})),
            (json!("app"), Some("another"), json!({})),
            (json!(["app", "other"]), Some("app"), json!({})),
            (json!("phone"), None, two.clone()),
            (json!(["phone", "other"]), Some("web"), two.clone()),
        ] {
            assert!(checked(&json!({"aud": aud, "azp": azp}), &members, None).is_ok(), "{aud} {azp:?}");
        }
        for (aud, azp, refusal) in [
            (json!(null), None, Refusal::MissingClaim("aud")),
            (json!(7), None, Refusal::MissingClaim("aud")),
            (json!(["app", 7]), Some("app"), Refusal::MissingClaim("aud")),
            (json!([]), None, Refusal::WrongAudience),
            (json!("other"), Some("app"), Refusal::WrongAudience),
            (json!("APP"), None, Refusal::WrongAudience),
            (json!("app "), None, Refusal::WrongAudience),
            (json!(["other", "app2"]), Some("app"), Refusal::WrongAudience),
            (json!(["app", "other"]), None, Refusal::WrongParty),
            (json!(["app", "other"]), Some("other"), Refusal::WrongParty),
            (json!(["app", "app"]), None, Refusal::WrongParty),
        ] {
            assert_eq!(
                checked(&json!({"aud": aud, "azp": azp}), &json!({}), None),
                Err(refusal),
                "{aud} {azp:?}"
            );
        }
    }

    #[test]
    fn times_are_required_and_bounded() {
        for (more, refusal) in [
            (json!({"exp": null}), Refusal::MissingClaim("exp")),
            (json!({"iat": null}), Refusal::MissingClaim("iat")),
            (json!({"exp": (NOW + 60).to_string()}), Refusal::MissingClaim("exp")),
            (json!({"exp": -1}), Refusal::MissingClaim("exp")),
            (json!({"exp": 1e30}), Refusal::MissingClaim("exp")),
            (json!({"iat": true}), Refusal::MissingClaim("iat")),
            (json!({"nbf": "soon"}), Refusal::MissingClaim("nbf")),
            (json!({"auth_time": "today"}), Refusal::MissingClaim("auth_time")),
            (json!({"exp": NOW}), Refusal::Expired),
            (json!({"exp": NOW - 1}), Refusal::Expired),
            (json!({"exp": 0}), Refusal::Expired),
            (json!({"iat": NOW + 11}), Refusal::NotYetValid),
            (json!({"nbf": NOW + 11}), Refusal::NotYetValid),
            (json!({"exp": NOW + 86_401}), Refusal::TooLongLived),
            (json!({"auth_time": NOW + 11}), Refusal::NotYetValid),
        ] {
            assert_eq!(checked(&more, &json!({}), None), Err(refusal), "{more}");
        }
        for more in [
            json!({"exp": NOW + 1}),
            json!({"exp": NOW + 86_400}),
            json!({"exp": 1_800_000_060.75}),
            json!({"iat": NOW + 10, "nbf": NOW + 10}),
            json!({"iat": NOW - 86_400 * 365, "nbf": 0}),
        ] {
            assert!(checked(&more, &json!({}), None).is_ok(), "{more}");
        }
    }

    #[test]
    fn an_old_login_is_refused_however_fresh_the_token() {
        let limited = json!({"max_age": 300});
        assert_eq!(checked(&json!({}), &limited, None), Err(Refusal::MissingClaim("auth_time")));
        assert_eq!(
            checked(&json!({"auth_time": NOW - 301}), &limited, None),
            Err(Refusal::OldAuthentication)
        );
        let at =
            |claims: &Value, members: &Value| checked(claims, members, None).expect("kept").authenticated_at;
        assert_eq!(at(&json!({"auth_time": NOW - 300}), &limited), NOW - 300);
        assert_eq!(at(&json!({"auth_time": NOW - 9_999}), &json!({})), NOW - 9_999);
        assert_eq!(at(&json!({"iat": NOW - 60}), &json!({})), NOW - 60, "it cannot have been later");
        assert_eq!(at(&json!({"auth_time": NOW + 5}), &json!({})), NOW);
    }

    #[test]
    fn a_nonce_that_was_sent_is_the_tokens() {
        let with = json!({"nonce": "n"});
        assert!(checked(&with, &json!({}), None).is_ok() && checked(&with, &json!({}), Some("n")).is_ok());
        for (claims, sent) in
            [(json!({}), "n"), (with, "m"), (json!({"nonce": 7}), "7"), (json!({"nonce": ""}), "")]
        {
            assert_eq!(checked(&claims, &json!({}), Some(sent)), Err(Refusal::WrongNonce), "{claims}");
        }
    }

    #[test]
    fn security_events_and_tokens_about_nobody_are_refused() {
        assert_eq!(checked(&json!({"events": {}}), &json!({}), None), Err(Refusal::SecurityEvent));
        for sub in [json!(null), json!(""), json!(42), json!(["42"])] {
            assert_eq!(
                checked(&json!({"sub": sub}), &json!({}), None),
                Err(Refusal::MissingClaim("sub")),
                "{sub}"
            );
        }
    }

    #[test]
    fn a_subject_made_of_an_email_needs_a_verified_one() {
        let by_email = json!({"subject": "mail:{email}"});
        assert!(checked(&json!({"email": "a@b.example", "email_verified": true}), &by_email, None).is_ok());
        for verified in [json!(null), json!(false), json!("true"), json!(1)] {
            let more = json!({"email": "a@b.example", "email_verified": verified});
            assert_eq!(checked(&more, &by_email, None), Err(Refusal::UnverifiedEmail), "{verified}");
            assert!(checked(&more, &json!({}), None).is_ok(), "nothing depends on it");
        }
    }
}
