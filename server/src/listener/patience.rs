//! Limits how long a connection may be silent. The head of a request may take a few seconds, from the connection or
//! from its first byte on; between two requests a connection may be idle for longer, because proxies keep theirs.

use super::socket::Stream;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// The time for the head of a request, from the connection on or from its first byte.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The time between two requests, and for a client to take something of an answer. Proxies keep connections for 60
/// seconds; a longer limit leaves closing them to the proxy.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// The time, and the bytes, that a client may go on sending after it was told that the connection will be closed.
/// Closing at once would often reset the connection before the client has read the answer.
const LINGER: Duration = Duration::from_secs(1);
const MAX_LINGERING_BYTES: usize = 16 * 1024 * 1024;

/// The deadline of a connection, shared by the stream and the service. Clones are the same deadline.
#[derive(Clone)]
pub struct Patience(Arc<Shared>);

struct Shared {
    start: Instant,
    /// Milliseconds since `start`.
    deadline: AtomicU64,
    /// Whether the connection is idle, so that any byte read or written moves the deadline.
    is_idle: AtomicBool,
    /// Whether the connection will be closed while its client may still be sending.
    lingers: AtomicBool,
}

impl Patience {
    /// Waits for the first head.
    pub fn new(head_timeout: Duration) -> Self {
        let (start, is_idle) = (Instant::now(), AtomicBool::new(false));
        let patience = Self(Arc::new(Shared {
            start,
            deadline: AtomicU64::new(0),
            is_idle,
            lingers: AtomicBool::new(false),
        }));
        patience.extend(head_timeout);
        patience
    }

    /// Notes that a request is being answered, which has a limit of its own.
    pub fn begin_request(&self) {
        self.0.is_idle.store(false, Ordering::Relaxed);
        self.0.deadline.store(u64::MAX, Ordering::Relaxed);
    }

    /// Notes that the response is ready.
    pub fn end_request(&self, is_last: bool) {
        self.0.lingers.store(is_last, Ordering::Relaxed);
        self.extend(IDLE_TIMEOUT);
        self.0.is_idle.store(true, Ordering::Relaxed);
    }

    /// Resolves when the deadline has passed.
    pub async fn end(&self) {
        loop {
            let now = Instant::now();
            let left = self.left(now);
            if left.is_zero() {
                return;
            }
            // The deadline may be moved forward meanwhile, by the first byte of a head.
            sleep_until(now + left.min(HEAD_TIMEOUT / 2)).await;
        }
    }

    fn left(&self, now: Instant) -> Duration {
        let deadline = Duration::from_millis(self.0.deadline.load(Ordering::Relaxed));
        deadline.saturating_sub(now - self.0.start)
    }

    fn extend(&self, timeout: Duration) {
        let deadline = self.0.start.elapsed() + timeout;
        self.0.deadline.store(deadline.as_millis().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Notes that bytes arrived: on an idle connection they begin a head.
    fn received(&self) {
        if self.0.is_idle.swap(false, Ordering::Relaxed) {
            self.extend(HEAD_TIMEOUT);
        }
    }

    /// Notes that the client received bytes.
    fn sent(&self) {
        if self.0.is_idle.load(Ordering::Relaxed) {
            self.extend(IDLE_TIMEOUT);
        }
    }
}

/// A stream that tells its [`Patience`] what is read and written.
pub struct PatientStream {
    stream: Stream,
    patience: Patience,
    lingering: Option<Pin<Box<Sleep>>>,
    lingering_bytes: usize,
}

impl PatientStream {
    /// Wraps a stream.
    pub fn new(stream: Stream, patience: Patience) -> Self {
        Self { stream, patience, lingering: None, lingering_bytes: 0 }
    }

    /// Reads and drops what the client still sends, for a while.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let end = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        if end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut scratch = [0; 8192];
        while self.lingering_bytes < MAX_LINGERING_BYTES {
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            self.lingering_bytes += buffer.filled().len();
        }
        Poll::Ready(())
    }

    /// Notes what was written.
    fn wrote(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(result, Poll::Ready(Ok(_))) {
            self.patience.sent();
        }
        result
    }
}

impl AsyncRead for PatientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.patience.received();
        }
        result
    }
}

impl AsyncWrite for PatientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let is_new = self.lingering.is_none();
        if is_new && let Err(error) = ready!(Pin::new(&mut self.stream).poll_shutdown(cx)) {
            return Poll::Ready(Err(error));
        }
        if self.patience.0.lingers.load(Ordering::Relaxed) {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_head_has_less_time_than_a_connection_at_rest() {
        let patience = Patience::new(HEAD_TIMEOUT);
        let start = Instant::now();
        patience.end().await;
        assert_eq!(start.elapsed(), HEAD_TIMEOUT, "the first head");
        patience.begin_request();
        assert!(tokio::time::timeout(Duration::from_secs(600), patience.end()).await.is_err(), "an answer");
        patience.end_request(false);
        let start = Instant::now();
        patience.end().await;
        assert_eq!(start.elapsed(), IDLE_TIMEOUT, "at rest");
        patience.end_request(false);
        patience.received();
        patience.received();
        let start = Instant::now();
        patience.end().await;
        assert_eq!(start.elapsed(), HEAD_TIMEOUT, "a later head, from its first byte on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_something_of_its_answer_is_waited_for() {
        let patience = Patience::new(HEAD_TIMEOUT);
        patience.sent();
        assert_eq!(patience.left(Instant::now()), HEAD_TIMEOUT, "there is no answer yet");
        patience.begin_request();
        patience.end_request(false);
        tokio::time::advance(IDLE_TIMEOUT / 2).await;
        patience.sent();
        assert_eq!(patience.left(Instant::now()), IDLE_TIMEOUT);
    }
}
