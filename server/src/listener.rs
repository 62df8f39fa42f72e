//! The HTTP/1.1 listener: accepts connections, bounds how many there are, how much they may send ahead and how long they
//! may dawdle, and lets what is in flight finish before it stops.

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

/// More connections wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 4096;
/// How long the head of a request may take, idle time between two requests included: longer than the 60 seconds for
/// which proxies keep their connections, so that it is the proxy that closes them.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How large the head of a request may be: that of a browser with many cookies behind several proxies fits.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// How long requests in flight may take to finish at the end.
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
            // A connection that breaks concerns nobody but its client.
            let _ = connection.await;
            drop(slot);
        });
    }
    drop(listener);
    if timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests still in flight");
    }
}

/// Lets this process have as many open files as it may: the usual default is less than the connections it takes.
pub fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Without more, fewer connections are served at the same time, and the log says so then.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// The next connection, who is at its other end, and its share of the limit.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, Peer, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed, so there always is a permit.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // Answers are small; waiting to fill a packet would only delay them. Failing costs just that.
                let _ = stream.set_nodelay(true);
                return (stream, Peer(address.ip()), slot);
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                // Such as no free file descriptor: trying again at once would only spin.
                tracing::error!("cannot accept connections: {error}");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Whether a client went away before its connection was accepted.
fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
