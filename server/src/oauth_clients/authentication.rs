//! Client authentication (RFC 6749 §2.3): HTTP Basic, or `client_id` and `client_secret` in a form.

use crate::http::bearer;
use crate::http::error::ApiError;
use crate::http::form::{self, Form};
use crate::http::notes;
use axum::http::HeaderMap;
use base64::{Engine, prelude::BASE64_STANDARD};
use hallpass_admin::clients::{Client, Scope, SecretHash};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// The known clients. Clones share them, so that a reload takes effect everywhere.
#[derive(Clone, Debug, Default)]
pub struct Clients(Arc<RwLock<Known>>);

/// The clients by id.
type Known = HashMap<String, Arc<Client>>;

impl Clients {
    /// Creates the set of these clients.
    pub fn new(clients: impl IntoIterator<Item = Client>) -> Self {
        Self(Arc::new(RwLock::new(by_id(clients))))
    }

    /// Replaces all clients.
    pub fn replace(&self, clients: impl IntoIterator<Item = Client>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = by_id(clients);
    }

    /// Returns whether there are no clients, so that nobody can issue sessions.
    pub fn is_empty(&self) -> bool {
        self.known().is_empty()
    }

    /// Returns the client that the request's Basic credentials authenticate. Fails with 401, or with 403 if it does not
    /// have this scope.
    pub fn authorize(&self, headers: &HeaderMap, scope: Scope) -> Result<Arc<Client>, ApiError> {
        permitted(self.basic(headers)?, scope)
    }

    /// Returns the caller of an endpoint that also accepts public clients: the client that has authenticated, or the
    /// one that a bare `client_id` names, which must not be confidential. An unknown id counts as none: passed on to
    /// Redis, it would open the sessions of a client that was removed.
    pub fn caller(
        &self,
        authenticated: Option<Arc<Client>>,
        form: &Form,
    ) -> Result<Option<Arc<Client>>, ApiError> {
        let named = || form.get("client_id").and_then(|id| self.get(id));
        match authenticated {
            Some(client) => Ok(Some(client)),
            None => match named() {
                Some(client) if client.confidential => Err(ApiError::InvalidClient),
                named => Ok(named.inspect(|client| notes::client(&client.id))),
            },
        }
    }

    /// Returns whether the client with this id has to authenticate wherever it calls.
    pub fn is_confidential(&self, id: &str) -> bool {
        self.get(id).is_some_and(|client| client.confidential)
    }

    /// Returns the client that the request authenticates, or `None` if it has no secret. Authenticating in two ways is
    /// an `invalid_request`.
    pub fn authenticate(&self, headers: &HeaderMap, form: &Form) -> Result<Option<Arc<Client>>, ApiError> {
        let (id, secret) = (form.get("client_id"), form.get("client_secret"));
        if let Some(client) = self.basic(headers)? {
            return match (id, secret) {
                (_, Some(_)) => Err(ApiError::invalid_request("the client authenticates in two ways")),
                (Some(id), None) if id != client.id => {
                    Err(ApiError::invalid_request("client_id is not the client that authenticates"))
                }
                _ => Ok(Some(client)),
            };
        }
        match (id, secret) {
            (Some(id), Some(secret)) => self.check(id, secret).map(Some),
            (None, Some(_)) => Err(ApiError::InvalidClient),
            (_, None) => Ok(None),
        }
    }

    /// Returns the client that the Basic credentials authenticate, or `None` if there are none.
    pub fn basic(&self, headers: &HeaderMap) -> Result<Option<Arc<Client>>, ApiError> {
        let Some(credentials) = bearer::credentials(headers, "Basic")? else { return Ok(None) };
        let (id, secret) = decode_basic(credentials).ok_or(ApiError::InvalidClient)?;
        self.check(&id, &secret).map(Some)
    }

    /// Returns the client with this id if `secret` is one of its secrets. An unknown client and a wrong secret give the
    /// same error, in the same time.
    fn check(&self, id: &str, secret: &str) -> Result<Arc<Client>, ApiError> {
        let hash = SecretHash::of(secret);
        let client = self.get(id).ok_or(ApiError::InvalidClient)?;
        // All secrets are compared, so that the time does not reveal which one matched.
        let matching = client.secrets.iter().filter(|known| known.matches(&hash)).count();
        if matching == 0 {
            return Err(ApiError::InvalidClient);
        }
        notes::client(&client.id);
        Ok(client)
    }

    fn get(&self, id: &str) -> Option<Arc<Client>> {
        self.known().get(id).cloned()
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        // The value is replaced in one step, so a panic cannot leave it half done.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn by_id(clients: impl IntoIterator<Item = Client>) -> Known {
    clients.into_iter().map(|client| (client.id.clone(), Arc::new(client))).collect()
}

/// Returns the authenticated client if it has this scope. Fails with 401 if there is none, or with 403.
pub fn permitted(client: Option<Arc<Client>>, scope: Scope) -> Result<Arc<Client>, ApiError> {
    let client = client.ok_or(ApiError::InvalidClient)?;
    if !client.scopes.contains(&scope) {
        let text = format!("the client does not have the scope {}", scope.name());
        return Err(ApiError::InsufficientScope(text.into()));
    }
    Ok(client)
}

/// Decodes id and secret, each of which is form-encoded (RFC 6749 §2.3.1).
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

    fn caller(headers: &HeaderMap, form: &str) -> Result<Option<String>, ApiError> {
        let (clients, form) = (clients(), Form::parse(form).expect("a form"));
        let caller = clients.caller(clients.authenticate(headers, &form)?, &form)?;
        Ok(caller.map(|client| client.id.clone()))
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
        assert_eq!(caller(&none, ""), Ok(None));
        assert_eq!(caller(&none, "client_id=local"), Ok(Some("local".into())));
        assert_eq!(caller(&none, "client_id=web"), Err(ApiError::InvalidClient));
        assert_eq!(caller(&none, "client_id=removed"), Ok(None), "nobody's");
    }

    #[test]
    fn credentials_that_are_sent_must_be_right() {
        let none = HeaderMap::new();
        assert_eq!(caller(&none, "client_id=web&client_secret=new"), Ok(Some("web".into())));
        assert_eq!(caller(&none, "client_id=web&client_secret=bad"), Err(ApiError::InvalidClient));
        assert_eq!(caller(&none, "client_id=spa&client_secret=bad"), Err(ApiError::InvalidClient));
        assert_eq!(caller(&none, "client_secret=new"), Err(ApiError::InvalidClient));
        assert_eq!(caller(&basic("web:new"), ""), Ok(Some("web".into())));
        assert_eq!(caller(&basic("web:new"), "client_id=web"), Ok(Some("web".into())));
        assert_eq!(caller(&basic("web:bad"), "client_id=spa"), Err(ApiError::InvalidClient));
    }

    #[test]
    fn a_form_proves_a_client_as_a_header_does_and_a_bare_id_proves_nothing() {
        let authorize = |headers: &HeaderMap, form: &str| {
            let client = clients().authenticate(headers, &Form::parse(form).expect("a form"))?;
            permitted(client, Scope::Issue)
        };
        let none = HeaderMap::new();
        for (headers, form) in [(&none, "client_id=web&client_secret=new"), (&basic("web:new"), "")] {
            assert_eq!(authorize(headers, form).expect(form).id, "web");
        }
        for form in ["", "client_id=local", "client_id=web", "client_id=web&client_secret=bad"] {
            assert_eq!(authorize(&none, form).expect_err(form), ApiError::InvalidClient, "{form}");
        }
    }

    #[test]
    fn replaced_clients_count_for_every_clone_at_once() {
        let (clients, other) = {
            let clients = clients();
            (clients.clone(), clients)
        };
        clients.replace([]);
        assert!(other.is_empty());
        let refused = other.authorize(&basic("web:new"), Scope::Issue).expect_err("no such client any more");
        assert_eq!(refused, ApiError::InvalidClient);
    }

    #[test]
    fn two_ways_at_once_are_one_too_many() {
        for form in ["client_id=web&client_secret=new", "client_id=local"] {
            assert!(matches!(caller(&basic("web:new"), form), Err(ApiError::InvalidRequest(_))), "{form}");
        }
    }
}
