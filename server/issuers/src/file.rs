//! The issuers file: a JSON array with an object for each trusted issuer. Whatever could let a token through that the
//! operator did not mean is refused: unknown or repeated members, reserved claims, subjects that two issuers could share.

use crate::algorithm;
use crate::issuer::{Issuer, KeyLocation};
use crate::place::Place;
use crate::template::SubjectTemplate;
use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use hallpass_admin::access;
use hallpass_engine::arguments;
use hallpass_engine::json::RESERVED_CLAIMS;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::path::Path;

/// The values that AUTH.ISSUE takes for LIMIT.
const LIMIT: RangeInclusive<u64> = 1..=10_000;
/// The values of `max_age`: up to ten years, as for the lifetime of a session.
const MAX_AGE: RangeInclusive<u64> = 1..=315_360_000;
/// The values that AUTH.ISSUE takes for SHARED.
const SHARED: RangeInclusive<u64> = 0..=1_000;

/// An issuer as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    issuer: String,
    audience: OneOrMore,
    jwks_uri: Option<String>,
    algorithms: Option<Vec<String>>,
    subject: Option<String>,
    #[serde(default)]
    claims: Vec<String>,
    class: Option<String>,
    limit: Option<u64>,
    shared: Option<u64>,
    max_age: Option<u64>,
    typ: Option<String>,
}

/// A string, or an array of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Reads the file, which nobody but its owner may write: whoever can may log in as anybody.
///
/// # Errors
/// What is wrong with it, on one line.
pub fn load(path: &Path) -> Result<Vec<Issuer>> {
    let shown = path.display();
    let missing = || anyhow!("cannot read {shown}: it does not exist");
    let bytes = access::read(path)?.ok_or_else(missing)?;
    parse(&bytes).with_context(|| format!("cannot use the issuers file {shown}"))
}

/// Parses and checks the content of the file.
///
/// # Errors
/// What is wrong with it, on one line.
pub fn parse(bytes: &[u8]) -> Result<Vec<Issuer>> {
    let entries: Vec<Entry> = serde_json::from_slice(bytes)?;
    let is_only = entries.len() == 1;
    let issuers = entries.into_iter().map(|entry| {
        let name = entry.issuer.clone();
        issuer(entry, is_only).with_context(|| format!("issuer {name:?}"))
    });
    let issuers = issuers.collect::<Result<Vec<_>>>()?;
    check_together(&issuers)?;
    Ok(issuers)
}

/// Checks an issuer by itself.
fn issuer(entry: Entry, is_only: bool) -> Result<Issuer> {
    Ok(Issuer {
        keys: key_location(&entry.issuer, entry.jwks_uri.as_deref())?,
        audience: audience(entry.audience)?,
        algorithms: entry.algorithms.map(algorithms).transpose()?,
        subject: subject(entry.subject.as_deref(), is_only)?,
        claims: claims(entry.claims)?,
        class: entry.class.map(class).transpose()?,
        limit: within("limit", entry.limit, &LIMIT)?,
        shared: within("shared", entry.shared, &SHARED)?,
        max_age: within("max_age", entry.max_age, &MAX_AGE)?,
        typ: entry.typ.map(typ).transpose()?,
        issuer: entry.issuer,
    })
}

/// Returns where the keys are. An issuer that is a URL obeys the rules for URLs even where nothing is fetched from it.
fn key_location(issuer: &str, jwks_uri: Option<&str>) -> Result<KeyLocation> {
    ensure!(!issuer.is_empty(), "issuer is empty");
    if jwks_uri.is_none() || issuer.starts_with("http://") {
        Place::named_by_operator(issuer).map_err(|problem| anyhow!("it {problem}"))?;
    }
    let Some(jwks_uri) = jwks_uri else { return discovery(issuer) };
    let place = Place::named_by_operator(jwks_uri);
    Ok(KeyLocation::JwkSet(place.map_err(|problem| anyhow!("jwks_uri {jwks_uri:?} {problem}"))?))
}

/// Returns the place of the discovery document (OpenID Connect Discovery 1.0 §4.1).
fn discovery(issuer: &str) -> Result<KeyLocation> {
    ensure!(!issuer.contains('?'), "without jwks_uri, the issuer is a URL without a query");
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let place = Place::named_by_operator(&url);
    Ok(KeyLocation::Discovery(place.map_err(|problem| anyhow!("it {problem}"))?))
}

fn audience(given: OneOrMore) -> Result<Vec<String>> {
    let audience = match given {
        OneOrMore::One(audience) => vec![audience],
        OneOrMore::More(audiences) => audiences,
    };
    ensure!(!audience.is_empty() && !audience.iter().any(String::is_empty), "audience is empty");
    Ok(audience)
}

fn algorithms(names: Vec<String>) -> Result<Vec<Algorithm>> {
    ensure!(!names.is_empty(), "algorithms is empty: leave it out to allow every asymmetric one");
    let known = |name: String| {
        let unknown = || anyhow!("algorithms: {name:?} is not one of {}", algorithm::names());
        algorithm::named(&name).ok_or_else(unknown)
    };
    names.into_iter().map(known).collect()
}

fn subject(template: Option<&str>, is_only: bool) -> Result<SubjectTemplate> {
    match template {
        None if is_only => Ok(SubjectTemplate::default()),
        None => {
            bail!("subject is missing: with several issuers each needs its own, such as \"google:{{sub}}\"")
        }
        Some(template) => {
            SubjectTemplate::parse(template).map_err(|problem| anyhow!("subject {template:?}: {problem}"))
        }
    }
}

fn claims(names: Vec<String>) -> Result<Vec<String>> {
    let mut seen = HashSet::new();
    for name in &names {
        ensure!(!RESERVED_CLAIMS.contains(&name.as_str()), "claims: {name:?} is reserved");
        ensure!(!name.is_empty() && seen.insert(name), "claims: {name:?} is empty or there twice");
    }
    Ok(names)
}

fn class(name: String) -> Result<String> {
    arguments::name(name.as_bytes()).map_err(|error| anyhow!("class {name:?}: {error}"))?;
    Ok(name)
}

fn within(member: &str, value: Option<u64>, range: &RangeInclusive<u64>) -> Result<Option<u64>> {
    if let Some(value) = value.filter(|value| !range.contains(value)) {
        bail!("{member} is {value}, and must be {} to {}", range.start(), range.end());
    }
    Ok(value)
}

fn typ(typ: String) -> Result<String> {
    ensure!(!typ.is_empty(), "typ is empty: leave it out for tokens without one");
    Ok(typ)
}

/// Refuses issuers between which a token or a subject would be ambiguous.
fn check_together(issuers: &[Issuer]) -> Result<()> {
    let (mut names, mut prefixes) = (HashSet::new(), HashSet::new());
    for issuer in issuers {
        let about = |problem: &str| -> Error { anyhow!("issuer {:?}: {problem}", issuer.issuer) };
        if !names.insert(&issuer.issuer) {
            return Err(about("it is there twice"));
        }
        if issuers.len() == 1 {
            continue;
        }
        // No prefix is the beginning of another one, since each ends with its only colon.
        let prefix = issuer.subject.prefix();
        let prefix =
            prefix.ok_or_else(|| about("with several issuers, subject begins with a literal up to a :"))?;
        if !prefixes.insert(prefix) {
            return Err(about("another issuer's subject begins with the same literal up to the first :"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const GOOGLE: &str = "https://accounts.google.com";

    fn parsed(file: &Value) -> Result<Vec<Issuer>, String> {
        parse(file.to_string().as_bytes()).map_err(|error| format!("{error:#}"))
    }

    /// An issuer with these members besides `issuer` and `audience`.
    fn one(more: &Value) -> Value {
        let mut entry = json!({"issuer": GOOGLE, "audience": "app"});
        entry.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!([entry])
    }

    /// Two issuers with these subject templates.
    fn two(first: Option<&str>, second: Option<&str>) -> Value {
        json!([
            {"issuer": "https://a.example", "audience": "app", "subject": first},
            {"issuer": "https://b.example", "audience": "app", "subject": second},
        ])
    }

    #[track_caller]
    fn complains(file: &Value, of: &str) {
        let complaint = parsed(file).expect_err("refused");
        assert!(complaint.contains(of), "{complaint:?} should contain {of:?}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }

    #[test]
    fn an_issuer_needs_a_name_and_an_audience_and_has_defaults() {
        let issuer = &parsed(&one(&json!({}))).expect("an issuer")[0];
        let discovery = format!("{GOOGLE}/.well-known/openid-configuration");
        assert_eq!(
            issuer.keys,
            KeyLocation::Discovery(Place::named_by_operator(&discovery).expect("a place"))
        );
        assert_eq!(issuer.subject, SubjectTemplate::default());
        assert!(issuer.takes(Algorithm::RS256) && issuer.takes(Algorithm::EdDSA) && issuer.claims.is_empty());
        assert!(parsed(&json!([])).expect("nobody is trusted").is_empty());
        for missing in ["issuer", "audience"] {
            let mut file = one(&json!({}));
            file[0].as_object_mut().expect("an object").remove(missing);
            complains(&file, missing);
        }
    }

    #[test]
    fn every_member_is_read() {
        let file = one(&json!({
            "jwks_uri": "https://keys.example/jwks", "audience": ["web", "phone"], "algorithms": ["RS256", "Ed25519"],
            "subject": "google:{sub}", "claims": ["email", "name"], "class": "web", "limit": 5, "shared": 2,
            "max_age": 300, "typ": "at+jwt",
        }));
        let issuer = &parsed(&file).expect("an issuer")[0];
        let place = Place::named_by_operator("https://keys.example/jwks").expect("a place");
        assert_eq!(issuer.keys, KeyLocation::JwkSet(place));
        assert!(
            issuer.is_our_audience("web")
                && issuer.is_our_audience("phone")
                && !issuer.is_our_audience("app")
        );
        assert!(issuer.takes(Algorithm::EdDSA) && !issuer.takes(Algorithm::ES256));
        assert_eq!(issuer.subject.prefix(), Some("google:"));
        assert_eq!(issuer.claims, ["email", "name"]);
        assert_eq!((issuer.class.as_deref(), issuer.typ.as_deref()), (Some("web"), Some("at+jwt")));
        assert_eq!((issuer.limit, issuer.shared, issuer.max_age), (Some(5), Some(2), Some(300)));
    }

    #[test]
    fn mistakes_are_named() {
        for (more, of) in [
            (json!({"audience": ""}), "audience"),
            (json!({"audience": []}), "audience"),
            (json!({"audience": ["app", ""]}), "audience"),
            (json!({"algorithms": []}), "algorithms"),
            (json!({"algorithms": ["RS256", "HS256"]}), "HS256"),
            (json!({"algorithms": ["none"]}), "none"),
            (json!({"subject": "everybody"}), "subject"),
            (json!({"claims": ["email", "sub"]}), "\"sub\" is reserved"),
            (json!({"claims": ["email", "email"]}), "email"),
            (json!({"claims": [""]}), "claims"),
            (json!({"class": "a b"}), "class"),
            (json!({"limit": 0}), "limit"),
            (json!({"limit": 10_001}), "limit"),
            (json!({"shared": 1_001}), "shared"),
            (json!({"max_age": 0}), "max_age"),
            (json!({"max_age": "1h"}), "line 1"),
            (json!({"typ": ""}), "typ"),
            (json!({"client_secret": "x"}), "client_secret"),
        ] {
            complains(&one(&more), of);
        }
    }

    #[test]
    fn only_https_and_the_loopback_are_fetched_from() {
        for (issuer, jwks_uri, is_good) in [
            ("https://id.example", None, true),
            ("https://id.example/realms/a/", None, true),
            ("http://127.0.0.1:3000", None, true),
            ("http://localhost:3000/a", None, true),
            ("accounts.google.com", Some("https://keys.example"), true),
            ("https://id.example", Some("https://10.0.0.1/keys"), true),
            ("https://id.example", Some("http://localhost/keys"), true),
            ("http://id.example", None, false),
            ("http://id.example", Some("https://keys.example"), false),
            ("accounts.google.com", None, false),
            ("https://id.example?tenant=a", None, false),
            ("https://id.example", Some("http://keys.example"), false),
            ("https://id.example", Some("http://10.0.0.1"), false),
            ("https://id.example", Some("keys.json"), false),
            ("", Some("https://keys.example"), false),
        ] {
            let file = json!([{"issuer": issuer, "audience": "app", "jwks_uri": jwks_uri}]);
            assert_eq!(parsed(&file).is_ok(), is_good, "{issuer} {jwks_uri:?}");
        }
    }

    #[test]
    fn two_issuers_can_never_name_the_same_subject() {
        assert!(parsed(&two(Some("a:{sub}"), Some("b:{sub}"))).is_ok());
        assert!(parsed(&two(Some("a:{sub}"), Some("ab:{sub}"))).is_ok(), "ab:x does not begin with a:");
        for (first, second) in [
            (None, None),
            (Some("a:{sub}"), None),
            (Some("a:{sub}"), Some("{sub}")),
            (Some("a:{sub}"), Some("{tid}:{sub}")),
            (Some("a:{sub}"), Some("b-{sub}")),
            (Some("a:{sub}"), Some("a:{email}")),
            (Some("a:{sub}"), Some("a:b:{sub}")),
        ] {
            complains(&two(first, second), "subject");
        }
        let same = json!([
            {"issuer": GOOGLE, "audience": "web", "subject": "a:{sub}"},
            {"issuer": GOOGLE, "audience": "phone", "subject": "b:{sub}"},
        ]);
        complains(&same, "twice");
    }

    #[test]
    fn every_recipe_of_the_documents_can_be_used() {
        let page = include_str!("../../../docs/identities.md");
        let blocks: Vec<&str> = page.split("```json\n").skip(1).collect();
        assert!(blocks.len() >= 7, "{}", blocks.len());
        for block in blocks {
            let (text, _) = block.split_once("```").expect("an end");
            assert_eq!(parse(text.as_bytes()).expect(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_is_no_array_of_issuers_is_refused() {
        for text in [
            "",
            "{}",
            "null",
            "[1]",
            "[]x",
            "[],\"a\":[]",
            r#"[{"issuer":"https://a.example","issuer":"https://b.example","audience":"app"}]"#,
            r#"[["https://a.example","app"]]"#,
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
