//! The HTTP/1.1 listener. It limits the number of connections, the size of a request's head and the time it takes, and
//! on shutdown lets requests in flight finish.

use crate::middleware::source::Peer;
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// The connections served at the same time; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 4096;
/// The time limit for the head of a request, including idle time between two requests. Proxies keep connections for 60
/// seconds; a longer limit leaves closing them to the proxy.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// The size limit for the head of a request: enough for a browser with many cookies behind several proxies.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The time that requests in flight have to finish on shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);

/// Serves until `shutdown` resolves, then closes the listener and waits for the requests in flight.
pub async fn run(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    http.max_header_size(MAX_HEAD_BYTES).max_buf_size(MAX_HEAD_BYTES);
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer, slot) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let service = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A broken connection affects only its client.
            let _ = connection.await;
            drop(slot);
        });
    }
    drop(listener);
    if timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests still in flight");
    }
}

/// Raises the limit on open files to the hard limit: the usual default is lower than [`MAX_CONNECTIONS`].
pub fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // If that fails, fewer connections are served at the same time, and `accept` logs it.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// Accepts the next connection. Returns it with its peer and its permit.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, Peer, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed, so a permit always comes.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // Answers are small, and waiting to fill a packet would only delay them. Failing costs just that delay.
                let _ = stream.set_nodelay(true);
                return (stream, Peer(address.ip()), slot);
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                // No free file descriptor, for example: trying again at once would only spin.
                tracing::error!("cannot accept connections: {error}");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Returns whether the client went away before its connection was accepted.
fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
