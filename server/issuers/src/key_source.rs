//! Where an issuer's keys come from: its JWK Set, found by discovery if the issuers file does not name it.

use crate::http::{Document, FetchError, Http};
use crate::issuer::{Issuer, KeyLocation};
use crate::key_set::KeySet;
use crate::place::Place;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The time for all of it: both documents.
const FETCH: Duration = Duration::from_secs(10);

/// Fetches the keys of one issuer.
pub struct KeySource {
    http: Arc<Http>,
    issuer: String,
    location: KeyLocation,
}

/// Keys that were just fetched.
#[derive(Debug)]
pub struct Fetched {
    /// The keys.
    pub keys: KeySet,
    /// How long they may be kept, if the answer says.
    pub max_age: Option<Duration>,
    /// Where they were.
    pub place: Place,
}

/// The members of a discovery document that matter (OpenID Connect Discovery 1.0 §3).
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

impl KeySource {
    /// Prepares to fetch the keys of this issuer.
    pub fn new(issuer: &Issuer, http: Arc<Http>) -> Self {
        Self { http, issuer: issuer.issuer.clone(), location: issuer.keys.clone() }
    }

    /// Returns the issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns whether the other one fetches the same.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.location == other.location
    }

    /// Fetches the keys, within a time limit.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn fetch(&self) -> Result<Fetched, FetchError> {
        timeout(FETCH, self.fetch_all()).await.unwrap_or(Err(FetchError::Timeout))
    }

    async fn fetch_all(&self) -> Result<Fetched, FetchError> {
        let place = match &self.location {
            KeyLocation::JwkSet(place) => place.clone(),
            KeyLocation::Discovery(place) => self.discover(place).await?,
        };
        let Document { body, max_age } = self.http.get(&place).await?;
        let keys = KeySet::parse(&body).ok_or(FetchError::Content("the answer is not a JWK Set"))?;
        Ok(Fetched { keys, max_age, place })
    }

    /// Asks the issuer for the place of its keys. Its document must be about itself (OpenID Connect Discovery 1.0
    /// §4.3).
    async fn discover(&self, place: &Place) -> Result<Place, FetchError> {
        let document = self.http.get(place).await?;
        let found: Discovered = serde_json::from_slice(&document.body)
            .map_err(|_| FetchError::Content("the answer is not a discovery document"))?;
        if found.issuer != self.issuer {
            return Err(FetchError::Content("the discovery document is about another issuer"));
        }
        let not_usable =
            |_| FetchError::Content("the jwks_uri of the discovery document may not be asked here");
        place.names(&found.jwks_uri).map_err(not_usable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answering, SigningKey, issuer, ok};
    use serde_json::{Value, json};

    async fn fetched(members: &Value) -> Result<Fetched, FetchError> {
        KeySource::new(&issuer(members), Arc::new(Http::new())).fetch().await
    }

    fn jwks() -> String {
        ok(&json!({"keys": [SigningKey::p256("a").jwk()]}))
    }

    #[tokio::test]
    async fn keys_are_where_the_file_says() {
        let server = Answering::with(&jwks()).await;
        let fetched = fetched(&json!({"jwks_uri": server.url()})).await.expect("keys");
        assert_eq!((fetched.keys.len(), fetched.place.to_string()), (1, format!("{}/", server.url())));
    }

    #[tokio::test]
    async fn keys_are_where_the_discovery_document_says() {
        let keys = Answering::with(&jwks()).await;
        let server = Answering::with_url(|url| ok(&json!({"issuer": url, "jwks_uri": keys.url()}))).await;
        let fetched = fetched(&json!({"issuer": server.url()})).await.expect("keys");
        assert_eq!((fetched.keys.len(), fetched.place.to_string()), (1, format!("{}/", keys.url())));
        assert!(server.last_request().starts_with("GET /.well-known/openid-configuration HTTP/1.1\r\n"));
    }

    #[tokio::test]
    async fn a_discovery_document_must_be_the_issuers_own_and_name_a_public_place() {
        let keys = Answering::with(&jwks()).await;
        let keys_url = keys.url();
        type Fields<'a> = &'a dyn Fn(&str) -> Value;
        let documents: [Fields<'_>; 6] = [
            &|_| json!({"issuer": "https://other.example", "jwks_uri": keys_url}),
            &|url| json!({"issuer": format!("{url}/"), "jwks_uri": keys_url}),
            &|url| json!({"issuer": url, "jwks_uri": "http://10.0.0.1/jwks"}),
            &|url| json!({"issuer": url, "jwks_uri": "file:///etc/passwd"}),
            &|url| json!({ "issuer": url }),
            &|_| json!([]),
        ];
        for document in documents {
            let server = Answering::with_url(|url| ok(&document(url))).await;
            let error = fetched(&json!({"issuer": server.url()})).await.expect_err("refused");
            assert!(matches!(error, FetchError::Content(_)), "{error}");
        }
        let server =
            Answering::with_url(|url| ok(&json!({"issuer": url, "jwks_uri": "https://10.0.0.1/jwks"}))).await;
        let error = fetched(&json!({"issuer": server.url()})).await.expect_err("refused");
        assert_eq!(error, FetchError::ForbiddenAddress);
        assert_eq!(keys.connections(), 0);
    }

    #[tokio::test]
    async fn something_else_is_not_a_key_set() {
        let server = Answering::with(&ok(&json!({"error": "no"}))).await;
        let error = fetched(&json!({"jwks_uri": server.url()})).await.expect_err("refused");
        assert!(matches!(error, FetchError::Content(_)), "{error}");
    }

    /// The clock of the test is ahead whenever nothing else happens, so that nobody waits.
    #[tokio::test(start_paused = true)]
    async fn a_server_that_hangs_is_given_up() {
        let server = Answering::silent().await;
        let error = fetched(&json!({"jwks_uri": server.url()})).await.expect_err("given up");
        assert_eq!(error, FetchError::Timeout);
    }
}
