//! All trusted issuers, and the judgement of their tokens.

use crate::http::Http;
use crate::issuer::Issuer;
use crate::key_cache::KeyCache;
use crate::key_set::Wanted;
use crate::key_source::KeySource;
use crate::refusal::Refusal;
use crate::rules::{check_claims, check_header};
use crate::token::OutsideToken;
use aws_lc_rs::digest;
use hallpass_engine::base64url;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The issuers of a file, with their keys.
pub struct TrustedIssuers(HashMap<String, Trusted>);

struct Trusted {
    issuer: Arc<Issuer>,
    keys: KeyCache,
}

/// A login that an outside token allows.
#[derive(Debug)]
pub struct Login {
    /// The issuer of the token.
    pub issuer: Arc<Issuer>,
    /// The subject of the session.
    pub subject: String,
    /// The copied claims, a JSON object; `None` if there are none.
    pub claims: Option<String>,
    /// The copied `scope`, if that is a string.
    pub scope: Option<String>,
    /// When the user authenticated, in Unix seconds.
    pub authenticated_at: u64,
    /// The same in seconds before now.
    pub authenticated_ago: u64,
    /// How long the token is still valid, in seconds; at least 1.
    pub expires_in: u64,
    /// The token's fingerprint: SHA-256, in base64url, of `header.payload` as received. It leaves out the signature,
    /// because with some algorithms the holder of a token can make another valid signature.
    pub fingerprint: String,
}

impl TrustedIssuers {
    /// Trusts these issuers. The keys that `previous` has are kept in case an issuer is away.
    pub fn new(issuers: Vec<Issuer>, previous: Option<&Self>) -> Self {
        let http = Arc::new(Http::new());
        let trusted = issuers.into_iter().map(|issuer| {
            let keys = KeyCache::new(KeySource::new(&issuer, Arc::clone(&http)));
            if let Some(before) = previous.and_then(|previous| previous.0.get(&issuer.issuer)) {
                keys.inherit(&before.keys);
            }
            (issuer.issuer.clone(), Trusted { issuer: Arc::new(issuer), keys })
        });
        Self(trusted.collect())
    }

    /// Fetches all keys ahead of the first token. Must be called inside a tokio runtime.
    pub fn warm_up(&self) {
        self.0.values().for_each(|trusted| trusted.keys.warm_up());
    }

    /// Returns whether this issuer is trusted.
    pub fn trusts(&self, issuer: &str) -> bool {
        self.0.contains_key(issuer)
    }

    /// Returns the number of issuers.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no trusted issuers.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Judges a token. `nonce` is the one that its holder sent along. Waits for the issuer's keys if need be, at most a
    /// few seconds.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn judge(&self, token: &str, nonce: Option<&str>) -> Result<Login, Refusal> {
        let token = OutsideToken::read(token)?;
        let named = token.claim_text("iss").and_then(|issuer| self.0.get(issuer));
        let Trusted { issuer, keys } = named.ok_or(Refusal::UntrustedIssuer)?;
        let algorithm = check_header(&token, issuer)?;
        let key = keys.key(Wanted { kid: key_id(&token)?, algorithm }).await?;
        if !key.verifies(algorithm, token.signed, token.signature) {
            return Err(Refusal::BadSignature);
        }
        let now = unix_seconds();
        let times = check_claims(&token.claims, issuer, nonce, now)?;
        let subject = issuer.subject.subject(&token.claims).ok_or(Refusal::NoSubject)?;
        let claims = copied(&token.claims, &issuer.claims);
        Ok(Login {
            issuer: Arc::clone(issuer),
            subject,
            scope: claims.get("scope").and_then(Value::as_str).map(str::to_owned),
            claims: (!claims.is_empty()).then(|| Value::Object(claims).to_string()),
            authenticated_at: times.authenticated_at,
            authenticated_ago: now - times.authenticated_at,
            expires_in: times.expires_at - now,
            fingerprint: fingerprint(token.signed),
        })
    }
}

/// Returns the `kid` of a token, if it has one.
fn key_id<'t>(token: &'t OutsideToken<'_>) -> Result<Option<&'t str>, Refusal> {
    match token.header.get("kid") {
        None => Ok(None),
        Some(kid) => kid.as_str().map(Some).ok_or(Refusal::Malformed),
    }
}

/// Returns the claims with these names.
fn copied(claims: &Map<String, Value>, names: &[String]) -> Map<String, Value> {
    let present = names.iter().filter_map(|name| Some((name.clone(), claims.get(name)?.clone())));
    present.collect()
}

fn fingerprint(signed: &str) -> String {
    base64url::encode(digest::digest(&digest::SHA256, signed.as_bytes()))
}

fn unix_seconds() -> u64 {
    // Before 1970 every token is from the future.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answering, SigningKey, issuer, ok};
    use serde_json::json;

    /// The issuer of the test: its key, and where that is published.
    struct Fixture {
        key: SigningKey,
        server: Answering,
    }

    impl Fixture {
        async fn new() -> Self {
            let key = SigningKey::p256("k1");
            let server = Answering::with(&ok(&json!({"keys": [key.jwk()]}))).await;
            Self { key, server }
        }

        fn trusting(&self, members: &Value) -> TrustedIssuers {
            let mut members = members.clone();
            members["jwks_uri"] = self.server.url().into();
            TrustedIssuers::new(vec![issuer(&members)], None)
        }
    }

    /// Returns a token that is valid except for these claims.
    fn token(key: &SigningKey, more: &Value) -> String {
        let now = unix_seconds();
        let mut claims =
            json!({"iss": "https://id.example", "sub": "42", "aud": "app", "iat": now, "exp": now + 3600});
        claims.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        key.token(&json!({"alg": "ES256", "kid": "k1", "typ": "JWT"}), &claims)
    }

    #[tokio::test]
    async fn a_good_token_is_a_login() {
        let fixture = Fixture::new().await;
        let trusted = fixture.trusting(&json!({"subject": "o:{sub}", "claims": ["email", "scope", "name"]}));
        let more =
            json!({"email": "a@b.example", "scope": "read", "roles": ["admin"], "auth_time": 1_700_000_000});
        let text = token(&fixture.key, &more);
        let login = trusted.judge(&text, None).await.expect("a login");
        assert_eq!(login.subject, "o:42");
        assert_eq!(login.claims.as_deref(), Some(r#"{"email":"a@b.example","scope":"read"}"#));
        assert_eq!((login.scope.as_deref(), login.authenticated_at), (Some("read"), 1_700_000_000));
        assert!((3590..=3600).contains(&login.expires_in), "{}", login.expires_in);
        let plain = fixture.trusting(&json!({})).judge(&text, None).await.expect("a login");
        assert_eq!((plain.subject.as_str(), plain.claims, plain.scope), ("42", None, None));
    }

    #[tokio::test]
    async fn another_signature_of_the_same_token_has_the_same_fingerprint() {
        let fixture = Fixture::new().await;
        let trusted = fixture.trusting(&json!({}));
        let first = token(&fixture.key, &json!({}));
        let (signed, _) = first.rsplit_once('.').expect("a signature");
        let second = format!("{signed}.{}", fixture.key.sign(signed));
        assert_ne!(first, second);
        let fingerprints = [
            trusted.judge(&first, None).await.expect("a login").fingerprint,
            trusted.judge(&second, None).await.expect("a login").fingerprint,
            trusted
                .judge(&token(&fixture.key, &json!({"jti": "x"})), None)
                .await
                .expect("a login")
                .fingerprint,
        ];
        assert_eq!(fingerprints[0], fingerprints[1]);
        assert_ne!(fingerprints[0], fingerprints[2]);
        assert_eq!(fingerprints[0].len(), 43);
    }

    #[tokio::test]
    async fn only_a_trusted_issuers_own_key_makes_a_token_good() {
        let fixture = Fixture::new().await;
        let trusted = fixture.trusting(&json!({}));
        let (same_id, other_id) = (SigningKey::p256("k1"), SigningKey::p256("k2"));
        for (text, refusal) in [
            (token(&fixture.key, &json!({"iss": "https://id.example/"})), Refusal::UntrustedIssuer),
            (token(&fixture.key, &json!({"iss": ["https://id.example"]})), Refusal::UntrustedIssuer),
            (token(&same_id, &json!({})), Refusal::BadSignature),
            (
                other_id.token(&json!({"alg": "ES256", "kid": "k2"}), &json!({"iss": "https://id.example"})),
                Refusal::UnknownKey,
            ),
            (
                fixture.key.token(&json!({"alg": "ES256", "kid": 1}), &json!({"iss": "https://id.example"})),
                Refusal::Malformed,
            ),
            (token(&fixture.key, &json!({"exp": 1})), Refusal::Expired),
            ("a.b.c".into(), Refusal::Malformed),
        ] {
            assert_eq!(trusted.judge(&text, None).await.err(), Some(refusal), "{text}");
        }
    }

    #[tokio::test]
    async fn hmac_with_the_public_key_is_no_signature() {
        let fixture = Fixture::new().await;
        let claims = json!({"iss": "https://id.example"});
        for alg in ["HS256", "none"] {
            let text = fixture.key.token(&json!({"alg": alg, "kid": "k1"}), &claims);
            let refusal = fixture.trusting(&json!({})).judge(&text, None).await.err();
            assert_eq!(refusal, Some(Refusal::WrongAlgorithm), "{alg}");
        }
        assert_eq!(fixture.server.connections(), 0, "nothing was asked for it");
    }

    #[tokio::test]
    async fn a_login_needs_what_its_subject_is_made_of() {
        let fixture = Fixture::new().await;
        let trusted = fixture.trusting(&json!({"subject": "o:{tid}:{sub}"}));
        for (tid, subject) in [(json!("t"), Some("o:t:42")), (json!(7), None), (json!(""), None)] {
            let login = trusted.judge(&token(&fixture.key, &json!({"tid": tid})), None).await;
            assert_eq!(login.as_ref().ok().map(|login| login.subject.as_str()), subject, "{login:?}");
        }
    }

    #[tokio::test]
    async fn keys_survive_a_reload() {
        let fixture = Fixture::new().await;
        let before = fixture.trusting(&json!({}));
        before.judge(&token(&fixture.key, &json!({})), None).await.expect("a login");
        let members = json!({"jwks_uri": fixture.server.url(), "subject": "new:{sub}"});
        let Fixture { key, server } = fixture;
        server.goes_away();
        let after = TrustedIssuers::new(vec![issuer(&members)], Some(&before));
        let login = after.judge(&token(&key, &json!({})), None).await.expect("a login");
        assert_eq!(login.subject, "new:42");
        assert!(after.trusts("https://id.example") && after.len() == 1 && !after.is_empty());
        let nobody = TrustedIssuers::new(vec![], Some(&after));
        assert_eq!(nobody.judge(&token(&key, &json!({})), None).await.err(), Some(Refusal::UntrustedIssuer));
    }
}
