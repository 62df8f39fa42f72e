//! The HTTP/1.1 listener. It limits the connections, those of one address, the size of a request's head and the time it
//! takes, and on shutdown lets requests in flight finish.

pub mod address;
mod admission;
mod patience;
mod socket;

use crate::middleware::source::Peer;
use axum::Router;
use axum::http::header;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use patience::{HEAD_TIMEOUT, Patience, PatientStream};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket::Stream;
use std::convert::Infallible;
use std::io;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

pub use admission::Admission;
use admission::Admitted;
pub use socket::Socket;

/// The size limit for the head of a request: enough for a browser with many cookies behind several proxies.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The limit on the lines of a head.
const MAX_HEADER_LINES: usize = 100;
/// The time for the first head of a connection that is reserved for the operator.
const RESERVED_HEAD_TIMEOUT: Duration = Duration::from_secs(2);
/// The time that requests in flight have to finish on shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);
/// The open files that are not connections of clients.
const OTHER_FILES: u64 = 256;

/// A socket, who may connect to it, and what answers.
pub struct Door {
    /// The socket.
    pub socket: Socket,
    /// Who may connect.
    pub admission: Admission,
    /// What answers.
    pub router: Router,
}

/// Serves until `shutdown` resolves, then closes the sockets and waits for the requests in flight.
pub async fn run(public: Door, admin: Option<Door>, shutdown: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let serve_admin = async {
        if let Some(admin) = &admin {
            admin.serve(&graceful).await;
        }
    };
    tokio::select! {
        () = shutdown => {}
        _ = async { tokio::join!(public.serve(&graceful), serve_admin) } => {}
    }
    drop((public, admin));
    if timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests still in flight");
    }
}

/// Raises the limit on open files to the hard limit, since the usual default is low. Returns the number of connections
/// that there are files for.
pub fn raise_file_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    let spare = files.map_or(u64::MAX, |files| files.saturating_sub(OTHER_FILES).max(OTHER_FILES));
    usize::try_from(spare).unwrap_or(usize::MAX).min(admission::MAX_CONNECTIONS)
}

impl Door {
    /// Accepts connections for ever.
    async fn serve(&self, graceful: &GracefulShutdown) {
        let mut http = http1::Builder::new();
        http.max_header_size(MAX_HEAD_BYTES).max_buf_size(MAX_HEAD_BYTES).max_headers(MAX_HEADER_LINES);
        // hyper's own timer is off: a connection's patience limits every wait.
        http.header_read_timeout(None);
        loop {
            let slot = self.admission.room().await;
            let (stream, address) = self.accept().await;
            if let Some(admitted) = self.admission.admit(address, slot) {
                tokio::spawn(serve(&http, stream, admitted, self.router.clone(), graceful.watcher()));
            }
        }
    }

    /// Accepts a connection.
    async fn accept(&self) -> (Stream, Option<std::net::IpAddr>) {
        loop {
            match self.socket.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    // No free file descriptor, for example: trying again at once would only spin.
                    tracing::error!("cannot accept connections: {error}");
                    sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
}

/// Serves one connection until it ends, or has been silent for too long.
fn serve(
    http: &http1::Builder,
    stream: Stream,
    admitted: Admitted,
    router: Router,
    watcher: Watcher,
) -> impl Future<Output = ()> + Send + use<> {
    let peer = admitted.peer;
    let patience = Patience::new(if peer.is_reserved { RESERVED_HEAD_TIMEOUT } else { HEAD_TIMEOUT });
    let stream = TokioIo::new(PatientStream::new(stream, patience.clone()));
    let watched = patience.clone();
    let service = service_fn(move |request| answer(router.clone(), request, peer, watched.clone()));
    let connection = watcher.watch(http.serve_connection(stream, service));
    async move {
        tokio::select! {
            // A broken connection affects only its client.
            _ = connection => {}
            () = patience.end() => {}
        }
        drop(admitted);
    }
}

/// Lets the router answer a request.
async fn answer(
    router: Router,
    mut request: Request<Incoming>,
    peer: Peer,
    patience: Patience,
) -> Result<Response, Infallible> {
    patience.begin_request();
    request.extensions_mut().insert(peer);
    let response = router.oneshot(request).await?;
    patience.end_request(response.headers().contains_key(header::CONNECTION));
    Ok(response)
}

/// Returns whether the client went away before its connection was accepted.
fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
