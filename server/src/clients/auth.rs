//! Client authentication (RFC 6749 §2.3): HTTP Basic, or `client_id` and `client_secret` in a form.

use super::{Client, Scope, SecretHash};
use crate::bearer;
use crate::error::ApiError;
use crate::form::{self, Form};
use axum::http::HeaderMap;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::collections::HashMap;

/// The clients that this server knows.
#[derive(Debug, Default)]
pub struct Clients(HashMap<String, Client>);

impl Clients {
    /// These clients.
    pub fn new(clients: impl IntoIterator<Item = Client>) -> Self {
        Self(clients.into_iter().map(|client| (client.id.clone(), client)).collect())
    }

    /// Whether there is none, so that nobody can issue a session here.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The client that the request's Basic credentials prove, if it has this scope: 401 or 403 else.
    pub fn authorize(&self, headers: &HeaderMap, scope: Scope) -> Result<&Client, ApiError> {
        let client = self.basic(headers)?.ok_or(ApiError::InvalidClient)?;
        if !client.scopes.contains(&scope) {
            let text = format!("the client does not have the scope {}", scope.name());
            return Err(ApiError::InsufficientScope(text.into()));
        }
        Ok(client)
    }

    /// Who calls an endpoint that also takes public clients: an authenticated client, a bare `client_id`, or nobody.
    /// Credentials that are sent must be right, and a confidential client must send them.
    pub fn identify<'a>(&'a self, headers: &HeaderMap, form: &'a Form) -> Result<Option<&'a str>, ApiError> {
        let (id, secret) = (form.get("client_id")?, form.get("client_secret")?);
        if let Some(client) = self.basic(headers)? {
            return match (id, secret) {
                (_, Some(_)) => Err(ApiError::invalid_request("the client authenticates in two ways")),
                (Some(id), None) if id != client.id => {
                    Err(ApiError::invalid_request("client_id is not the client that authenticates"))
                }
                _ => Ok(Some(&client.id)),
            };
        }
        match (id, secret) {
            (Some(id), Some(secret)) => self.check(id, secret).map(|client| Some(client.id.as_str())),
            (None, Some(_)) => Err(ApiError::InvalidClient),
            (Some(id), None) if self.0.get(id).is_some_and(|client| client.confidential) => {
                Err(ApiError::InvalidClient)
            }
            (id, None) => Ok(id),
        }
    }

    /// The client of the Basic credentials; `None` without any.
    fn basic(&self, headers: &HeaderMap) -> Result<Option<&Client>, ApiError> {
        let Some(credentials) = bearer::credentials(headers, "Basic")? else { return Ok(None) };
        let (id, secret) = decode_basic(credentials).ok_or(ApiError::InvalidClient)?;
        self.check(&id, &secret).map(Some)
    }

    /// The client of this name, if `secret` is one of its secrets. Says the same of an unknown client as of a wrong
    /// secret, in the same time.
    fn check(&self, id: &str, secret: &str) -> Result<&Client, ApiError> {
        let hash = SecretHash::of(secret);
        let client = self.0.get(id).ok_or(ApiError::InvalidClient)?;
        // Every secret is compared, so that the time does not tell which one matched.
        let matching = client.secrets.iter().filter(|known| known.matches(&hash)).count();
        if matching == 0 { Err(ApiError::InvalidClient) } else { Ok(client) }
    }
}

/// Id and secret, each form-encoded before they were joined (RFC 6749 §2.3.1).
fn decode_basic(credentials: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form::decode(id)?, form::decode(secret)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header};

    fn clients() -> Clients {
        let client = |id: &str, confidential, scopes| Client {
            id: id.into(),
            scopes,
            audiences: None,
            confidential,
            secrets: vec![SecretHash::of("old"), SecretHash::of("new")],
        };
        Clients::new([
            client("web", true, vec![Scope::Issue]),
            client("local", false, vec![Scope::Issue, Scope::Manage]),
        ])
    }

    fn basic(pair: &str) -> HeaderMap {
        let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::try_from(value).expect("ASCII"))])
    }

    fn identify(headers: &HeaderMap, form: &str) -> Result<Option<String>, ApiError> {
        let form = Form::parse(form).expect("a form");
        clients().identify(headers, &form).map(|id| id.map(str::to_owned))
    }

    #[test]
    fn both_live_secrets_are_right_and_nothing_else() {
        let clients = clients();
        for pair in ["web:old", "web:new", "%77eb:new"] {
            assert_eq!(clients.authorize(&basic(pair), Scope::Issue).expect(pair).id, "web");
        }
        for pair in ["web:", "web:other", "nobody:new", "web", ":new"] {
            let refused = clients.authorize(&basic(pair), Scope::Issue).expect_err(pair);
            assert_eq!(refused, ApiError::InvalidClient, "{pair}");
        }
        let nothing = clients.authorize(&HeaderMap::new(), Scope::Issue).expect_err("no credentials");
        assert_eq!(nothing, ApiError::InvalidClient);
    }

    #[test]
    fn a_missing_scope_is_told_apart_from_missing_credentials() {
        let refused = clients().authorize(&basic("web:new"), Scope::Manage).expect_err("no such scope");
        assert!(matches!(refused, ApiError::InsufficientScope(_)));
    }

    #[test]
    fn a_bare_client_id_is_a_public_client_unless_it_names_a_confidential_one() {
        let none = HeaderMap::new();
        assert_eq!(identify(&none, ""), Ok(None));
        assert_eq!(identify(&none, "client_id=spa"), Ok(Some("spa".into())));
        assert_eq!(identify(&none, "client_id=local"), Ok(Some("local".into())));
        assert_eq!(identify(&none, "client_id=web"), Err(ApiError::InvalidClient));
    }

    #[test]
    fn credentials_that_are_sent_must_be_right() {
        let none = HeaderMap::new();
        assert_eq!(identify(&none, "client_id=web&client_secret=new"), Ok(Some("web".into())));
        assert_eq!(identify(&none, "client_id=web&client_secret=bad"), Err(ApiError::InvalidClient));
        assert_eq!(identify(&none, "client_id=spa&client_secret=bad"), Err(ApiError::InvalidClient));
        assert_eq!(identify(&none, "client_secret=new"), Err(ApiError::InvalidClient));
        assert_eq!(identify(&basic("web:new"), ""), Ok(Some("web".into())));
        assert_eq!(identify(&basic("web:new"), "client_id=web"), Ok(Some("web".into())));
        assert_eq!(identify(&basic("web:bad"), "client_id=spa"), Err(ApiError::InvalidClient));
    }

    #[test]
    fn two_ways_at_once_are_one_too_many() {
        for form in ["client_id=web&client_secret=new", "client_id=local"] {
            assert!(matches!(identify(&basic("web:new"), form), Err(ApiError::InvalidRequest(_))), "{form}");
        }
    }
}
