//! `GET /events`: security events as they happen, as an event stream (WHATWG HTML §9.2). Read with fetch, because an
//! EventSource sends no credentials.

use crate::events::Follower;
use crate::http::error::ApiError;
use crate::oauth_clients::Scope;
use crate::state::AppState;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use hallpass_client::Notice;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

const LAST_EVENT_ID: &str = "last-event-id";
/// Reverse proxies must neither keep nor collect the stream.
const NOT_KEPT: [(&str, &str); 2] = [("cache-control", "no-store"), ("x-accel-buffering", "no")];
/// One permit for each stream that may be open.
static STREAMS: Semaphore = Semaphore::const_new(64);
/// The time without an event after which a sign of life is sent.
const BEAT: Duration = Duration::from_secs(15);

/// 200 with the events that are kept, or those behind `Last-Event-ID`, and then each as it is published; `event: reset`
/// where some may be missing. 503 while too many streams are open. Ends when the server does, and when the client loses
/// its rights.
pub async fn events(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Result<Response, ApiError> {
    state.clients.authorize(&headers, Scope::Manage)?;
    let permit = STREAMS.try_acquire().map_err(|_| ApiError::Unavailable)?;
    let last_id = headers.get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or_default());
    let follower = state.events.follow(last_id);
    let stream = Stream { state, headers, follower, _permit: permit };
    let events =
        stream::unfold(stream, async |mut stream| Some((Ok::<_, Infallible>(stream.next().await?), stream)));
    Ok((NOT_KEPT, Sse::new(events)).into_response())
}

/// A stream, with the request that it answers.
struct Stream {
    state: Arc<AppState>,
    headers: HeaderMap,
    follower: Follower,
    _permit: SemaphorePermit<'static>,
}

impl Stream {
    /// Waits for the next event or sign of life. Returns `None` at the end, and once the client has lost its rights.
    async fn next(&mut self) -> Option<Event> {
        loop {
            self.state.clients.authorize(&self.headers, Scope::Manage).ok()?;
            if let Some((id, notice)) = self.state.events.next(&mut self.follower) {
                return Some(written(notice).id(id));
            }
            match timeout(BEAT, self.follower.wait()).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(_) => return Some(Event::default().comment("")),
            }
        }
    }
}

fn written(notice: Notice) -> Event {
    match notice {
        Notice::Event(text) => Event::default().data(text),
        Notice::Gap => Event::default().event("reset").data("{}"),
    }
}
