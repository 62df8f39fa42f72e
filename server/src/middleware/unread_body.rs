//! Bodies that are not read to their end when the response is ready. Then the connection cannot be used again, and the
//! response says so.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hyper::body::Frame;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::task::yield_now;

/// How often the connection is asked for what has arrived. Once is enough for a body that came with its head.
const ATTEMPTS: usize = 3;
/// The most frames that are read after the response is ready, of about 8 KiB each.
const MAX_FRAMES: usize = 16;

/// The body of a request whose response is not ready yet.
pub struct UnreadBody {
    body: SharedBody,
    /// Whether the client waits for `100 Continue` before it sends the body.
    is_expecting: bool,
}

impl UnreadBody {
    /// Shares the body of a request with its handler, if there is one.
    pub fn of(request: &mut Request) -> Option<Self> {
        if request.body().is_end_stream() {
            return None;
        }
        let body = SharedBody::new(mem::take(request.body_mut()));
        *request.body_mut() = Body::new(body.clone());
        Some(Self { body, is_expecting: request.headers().contains_key(header::EXPECT) })
    }

    /// Announces in the response that the connection will be closed, unless what is left of the body is there already.
    /// Waiting for it would be work for a caller who is refused.
    pub async fn settle(self, response: &mut Response) {
        if self.body.is_ended() || !self.is_expecting && self.body.drain().await {
            return;
        }
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// A body that several owners can continue to read.
#[derive(Clone)]
struct SharedBody(Arc<Mutex<Reading>>);

struct Reading {
    body: Body,
    is_ended: bool,
}

impl SharedBody {
    fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(Reading { body, is_ended: false })))
    }

    fn is_ended(&self) -> bool {
        self.reading().is_ended
    }

    /// Reads what has arrived. Returns whether that was all.
    async fn drain(mut self) -> bool {
        let (mut attempts, mut frames) = (0, 0);
        while attempts < ATTEMPTS && frames < MAX_FRAMES {
            match poll_fn(|cx| Poll::Ready(Pin::new(&mut self).poll_frame(cx))).await {
                Poll::Ready(None) => return true,
                Poll::Ready(Some(Err(_))) => return false,
                Poll::Ready(Some(Ok(_))) => frames += 1,
                Poll::Pending => {
                    attempts += 1;
                    yield_now().await;
                }
            }
        }
        false
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        // After a panic nobody reads the body any more.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for SharedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut reading = self.reading();
        let polled = Pin::new(&mut reading.body).poll_frame(context);
        reading.is_ended |= matches!(polled, Poll::Ready(None));
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;

    async fn connection_after(body: Body, expect: bool, is_read: bool) -> Option<HeaderValue> {
        let mut request = request("POST", "/token").body(body).expect("valid");
        if expect {
            request.headers_mut().insert(header::EXPECT, HeaderValue::from_static("100-continue"));
        }
        let unread = UnreadBody::of(&mut request)?;
        if is_read {
            let read = axum::body::to_bytes(request.into_body(), 1024).await;
            assert_eq!(read.expect("a body"), "text");
        }
        let mut response = Response::default();
        unread.settle(&mut response).await;
        response.headers_mut().remove(header::CONNECTION)
    }

    /// A body that never ends.
    struct Endless;

    impl HttpBody for Endless {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_connection_is_kept_when_the_body_was_read_or_is_there() {
        for is_read in [true, false] {
            assert_eq!(connection_after(Body::from("text"), false, is_read).await, None);
        }
        assert_eq!(connection_after(Body::empty(), true, false).await, None);
    }

    #[tokio::test]
    async fn a_connection_is_closed_when_the_rest_of_the_body_is_not_there() {
        let close = Some(HeaderValue::from_static("close"));
        assert_eq!(connection_after(Body::new(Endless), false, false).await, close);
        assert_eq!(connection_after(Body::from("text"), true, false).await, close, "it may never be sent");
    }
}
