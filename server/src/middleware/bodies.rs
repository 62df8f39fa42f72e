//! Waits for the bodies of requests. While a request waits for its body it takes no slot among the requests being
//! worked on; it counts against its address, and each address has a bounded number of them.

use super::rate_limit::{Purpose, RateLimitKey};
use super::shares::Share;
use super::{MiddlewareState, in_flight};
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::oauth_clients::{Client, Clients};
use axum::extract::Request;
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;
use std::mem;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// The time that a body may take. Bodies are small, and proxies send them on as a whole.
const BODY_TIMEOUT: Duration = Duration::from_secs(2);
/// The bodies of one address that are waited for at the same time.
const SHARE: usize = 256;
/// The same for an address beyond the rate limit, where only valid credentials in the body let a request pass.
const SHARE_BEYOND_LIMIT: usize = 8;

/// Lets the handler of a request read its body.
#[derive(Clone)]
pub struct Bodies {
    /// The state that all requests share.
    pub state: Arc<MiddlewareState>,
    /// What the request counts as until its credentials are found valid.
    pub key: RateLimitKey,
}

/// A slot among the requests that are worked on, held until this is dropped.
pub type Slot = OwnedSemaphorePermit;

/// A form that was sent, and the client that it or the header authenticates.
pub struct Submission {
    /// The headers of the request.
    pub headers: HeaderMap,
    /// The parameters.
    pub form: Form,
    /// The client, if there are credentials.
    pub client: Option<Arc<Client>>,
    /// The slot, to be held until the answer is there.
    pub _slot: Slot,
}

impl Bodies {
    /// Reads the JSON body of a caller that has authenticated.
    pub async fn json<T: DeserializeOwned>(&self, request: Request) -> Result<(T, Slot), ApiError> {
        let share = self.share(SHARE)?;
        let value = in_time(body::from_json(request)).await?;
        drop(share);
        Ok((value, in_flight::slot(&self.state.slots)?))
    }

    /// Reads a form, which may contain the credentials of its client. The call counts as one without credentials until
    /// they are found valid. 401 if they are wrong, or if there are none on a route for clients only.
    pub async fn form(&self, clients: &Clients, mut request: Request) -> Result<Submission, ApiError> {
        let headers = mem::take(request.headers_mut());
        let is_proven = clients.basic(&headers)?.is_some();
        let counted = if is_proven { Ok(()) } else { self.state.limits.count(self.key) };
        let share = self.share(if counted.is_ok() { SHARE } else { SHARE_BEYOND_LIMIT });
        let share = share.map_err(|error| counted.clone().err().unwrap_or(error))?;
        let form = in_time(body::from_form(&headers, request)).await;
        drop(share);
        let client = form.as_ref().map_or(Ok(None), |form| self.authenticate(clients, &headers, form));
        self.settle(is_proven, counted, &client)?;
        let (form, client) = (form?, client?);
        Ok(Submission { headers, form, client, _slot: in_flight::slot(&self.state.slots)? })
    }

    fn authenticate(
        &self,
        clients: &Clients,
        headers: &HeaderMap,
        form: &Form,
    ) -> Result<Option<Arc<Client>>, ApiError> {
        match clients.authenticate(headers, form)? {
            None if self.key.purpose == Purpose::FailedClient => Err(ApiError::InvalidClient),
            client => Ok(client),
        }
    }

    /// Counts the call for its real purpose, now that its client is known. Failed authentication is counted with the
    /// answer, on any route.
    fn settle(
        &self,
        is_proven: bool,
        counted: Result<(), ApiError>,
        client: &Result<Option<Arc<Client>>, ApiError>,
    ) -> Result<(), ApiError> {
        let limits = &self.state.limits;
        let is_settled_otherwise = matches!(client, Ok(Some(_)) | Err(ApiError::InvalidClient));
        if !is_settled_otherwise {
            return counted;
        }
        if !is_proven && counted.is_ok() {
            limits.give_back(self.key);
        }
        match client {
            Ok(Some(_)) if self.key.purpose != Purpose::FailedClient => {
                limits.count(RateLimitKey { purpose: Purpose::Authenticated, ..self.key })
            }
            _ => Ok(()),
        }
    }

    /// Takes one of the address's shares, or fails with 429.
    fn share(&self, limit: usize) -> Result<Share, ApiError> {
        let share = self.state.bodies.take(self.key.source, limit);
        share.ok_or(ApiError::RateLimited(BODY_TIMEOUT.as_secs()))
    }
}

/// Returns what was read, or 408 if it did not arrive in time.
async fn in_time<T>(read: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    timeout(BODY_TIMEOUT, read).await.unwrap_or(Err(ApiError::RequestTimeout))
}
