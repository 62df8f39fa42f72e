//! Fetches documents of issuers over HTTP/1.1: one request over one connection, to an address that its [`Place`]
//! allows, with limits on time and size, and no redirects.

use crate::place::Place;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AGE, CACHE_CONTROL, CONNECTION, HOST, USER_AGENT};
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// The time for one address to accept a connection, so that an unreachable one leaves time for the next.
const CONNECT: Duration = Duration::from_secs(2);
/// The size limit of a document: the largest key sets have a few dozen keys with certificates.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// The size limit of an answer's head.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The name that issuers see in their logs.
const AGENT: &str = concat!("hallpass-server/", env!("CARGO_PKG_VERSION"));

/// A document, as it was answered.
#[derive(Debug)]
pub struct Document {
    /// The body.
    pub body: Bytes,
    /// How long it may be kept, by its `Cache-Control` (RFC 9111 §5.2.2.1) and `Age`. `None` if they do not say.
    pub max_age: Option<Duration>,
}

/// Why a document could not be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// The name does not resolve.
    NoAddress,
    /// The name resolves, and to no address that may be connected to.
    ForbiddenAddress,
    /// No connection, or it broke.
    Connection(String),
    /// There are no root certificates to check the server's with.
    NoRoots,
    /// The TLS handshake failed.
    Tls(String),
    /// The answer is not HTTP/1.1, or its head is too long.
    Http(String),
    /// The answer has another status than 200.
    Status(StatusCode),
    /// The body is too long.
    TooLong,
    /// The document is not of the expected kind.
    Content(&'static str),
    /// All of it took too long.
    Timeout,
}

/// Sends requests, with the certificate roots of the system: `SSL_CERT_FILE` and `SSL_CERT_DIR`, or where it keeps
/// them.
pub struct Http {
    /// `None` without roots.
    tls: Option<TlsConnector>,
}

impl Http {
    /// Reads the roots.
    pub fn new() -> Self {
        let mut roots = RootCertStore::empty();
        // Unusable certificates are ignored as long as others are usable.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = (!roots.is_empty()).then(|| tls_config(roots)).flatten();
        Self { tls: tls.map(|config| TlsConnector::from(Arc::new(config))) }
    }

    /// Fetches the document at a place. The caller limits the time.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn get(&self, place: &Place) -> Result<Document, FetchError> {
        let stream = connect(place).await?;
        if !place.is_https() {
            return exchange(stream, place).await;
        }
        let tls = self.tls.as_ref().ok_or(FetchError::NoRoots)?;
        let (host, _) = place.host_and_port();
        let name = ServerName::try_from(host.to_owned()).map_err(|_| FetchError::NoAddress)?;
        let stream = tls.connect(name, stream).await.map_err(|error| FetchError::Tls(error.to_string()))?;
        exchange(stream, place).await
    }
}

/// Returns the configuration of a TLS client. `None` only if the provider lacked the default versions.
fn tls_config(roots: RootCertStore) -> Option<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(config.with_root_certificates(roots).with_no_client_auth())
}

/// Connects to the first address of the place that is allowed and answers.
async fn connect(place: &Place) -> Result<TcpStream, FetchError> {
    let found = lookup_host(place.host_and_port()).await.map_err(|_| FetchError::NoAddress)?;
    let found: Vec<SocketAddr> = found.collect();
    let mut error = if found.is_empty() { FetchError::NoAddress } else { FetchError::ForbiddenAddress };
    for address in found.into_iter().filter(|address| place.allows(address.ip())) {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(failure)) => error = broken(&failure),
            Err(_) => error = FetchError::Timeout,
        }
    }
    Err(error)
}

/// Sends the request over a connection and reads the answer.
async fn exchange<S>(stream: S, place: &Place) -> Result<Document, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD_BYTES);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(unreadable)?;
    // Dropping the set ends it, whatever the other side does.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(request(place)?).await.map_err(unreadable)?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    let max_age = max_age(response.headers());
    Ok(Document { body: body(response).await?, max_age })
}

fn request(place: &Place) -> Result<Request<Empty<Bytes>>, FetchError> {
    let uri = place.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(path).header(HOST, host).header(ACCEPT, "application/json");
    let request = request.header(USER_AGENT, AGENT).header(CONNECTION, "close");
    request.body(Empty::new()).map_err(|error| FetchError::Http(error.to_string()))
}

async fn body(response: Response<Incoming>) -> Result<Bytes, FetchError> {
    let collected = Limited::new(response.into_body(), MAX_BODY_BYTES).collect().await;
    let collected = collected.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => unreadable(*error),
        Err(_) => FetchError::TooLong,
    });
    collected.map(|body| body.to_bytes())
}

/// Returns how long the answer may be kept: not at all with `no-store` or `no-cache`.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let directives: Vec<_> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let is = |name: &str| directives.iter().any(|directive| directive.eq_ignore_ascii_case(name));
    if is("no-store") || is("no-cache") {
        return Some(Duration::ZERO);
    }
    let value = |directive: &&str| {
        let (name, value) = directive.split_once('=')?;
        let value = value.trim_matches('"');
        name.eq_ignore_ascii_case("max-age").then(|| value.parse().ok()).flatten()
    };
    let age = headers.get(AGE).and_then(|age| age.to_str().ok()?.parse().ok()).unwrap_or(0);
    let max_age: u64 = directives.iter().find_map(value)?;
    Some(Duration::from_secs(max_age.saturating_sub(age)))
}

fn broken(error: &io::Error) -> FetchError {
    FetchError::Connection(error.kind().to_string())
}

fn unreadable(error: hyper::Error) -> FetchError {
    FetchError::Http(error.to_string())
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("its name does not resolve"),
            Self::ForbiddenAddress => f.write_str("its name resolves to no address that may be asked here"),
            Self::Connection(reason) => write!(f, "no connection: {reason}"),
            Self::NoRoots => f.write_str("no root certificates: install the system's, or set SSL_CERT_FILE"),
            Self::Tls(reason) => write!(f, "no TLS: {reason}"),
            Self::Http(reason) => write!(f, "no HTTP: {reason}"),
            Self::Status(status) if status.is_redirection() => {
                write!(f, "the answer is {}, and redirects are not followed", status.as_u16())
            }
            Self::Status(status) => write!(f, "the answer is {}", status.as_u16()),
            Self::TooLong => f.write_str("the answer is too long"),
            Self::Content(problem) => f.write_str(problem),
            Self::Timeout => f.write_str("no answer in time"),
        }
    }
}

impl std::error::Error for FetchError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Answering;
    use hyper::header::HeaderValue;
    use std::net::Ipv4Addr;
    use tokio::net::TcpSocket;

    async fn got(answer: &str) -> Result<Document, FetchError> {
        let server = Answering::with(answer).await;
        let place = Place::named_by_operator(&server.url()).expect("a place");
        Http { tls: None }.get(&place).await
    }

    #[tokio::test]
    async fn a_document_is_fetched_with_its_age() {
        let document = got(
            "HTTP/1.1 200 OK\r\ncache-control: public, max-age=600\r\nage: 60\r\ncontent-length: 2\r\n\r\n{}",
        );
        let document = document.await.expect("a document");
        assert_eq!((&document.body[..], document.max_age), (&b"{}"[..], Some(Duration::from_secs(540))));
        let chunked =
            got("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n");
        assert_eq!(&chunked.await.expect("a document").body[..], b"{}");
        let until_closed = got("HTTP/1.1 200 OK\r\n\r\n{}").await.expect("a document");
        assert_eq!((&until_closed.body[..], until_closed.max_age), (&b"{}"[..], None));
    }

    #[tokio::test]
    async fn no_other_status_is_good_and_redirects_are_not_followed() {
        for status in [204, 301, 302, 307, 308, 404, 500, 503] {
            let answer = format!("HTTP/1.1 {status} x\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
            let error = got(&answer).await.expect_err("refused");
            assert_eq!(error, FetchError::Status(StatusCode::from_u16(status).expect("a status")));
            assert_eq!(error.to_string().contains("redirects"), status / 100 == 3, "{error}");
        }
    }

    #[tokio::test]
    async fn garbage_and_broken_answers_are_errors() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
        let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(4 * MAX_HEAD_BYTES));
        for answer in ["", "garbage\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", &format!("{head}short"), &long] {
            let error = got(answer).await.expect_err("refused");
            assert!(matches!(error, FetchError::Http(_)), "{answer:.40}: {error}");
        }
    }

    #[tokio::test]
    async fn a_body_without_end_is_cut_off() {
        let declared =
            format!("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n{}", " ".repeat(1024 * 1024));
        let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(1024 * 1024));
        for answer in [declared, endless] {
            assert_eq!(got(&answer).await.expect_err("refused"), FetchError::TooLong);
        }
    }

    #[tokio::test]
    async fn nobody_is_asked_where_nobody_may_be() {
        let server = Answering::with("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        let issuer = Place::named_by_operator("https://id.example").expect("a place");
        let url = server.url().replace("http://", "https://");
        let place = issuer.names(&url).expect("a place");
        let http = Http { tls: None };
        assert_eq!(http.get(&place).await.expect_err("refused"), FetchError::ForbiddenAddress);
        assert_eq!(server.connections(), 0, "it was not even connected to");
        let named = Place::named_by_operator(&url).expect("a place");
        assert_eq!(http.get(&named).await.expect_err("no roots"), FetchError::NoRoots);
    }

    #[tokio::test]
    async fn nobody_there_is_an_error() {
        // The port is taken, so that nobody else gets it, and nobody listens.
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let url = format!("http://{}", socket.local_addr().expect("an address"));
        let place = Place::named_by_operator(&url).expect("a place");
        let error = Http { tls: None }.get(&place).await.expect_err("refused");
        assert!(matches!(error, FetchError::Connection(_)), "{error}");
    }

    #[test]
    fn cache_control_is_read_whatever_its_form() {
        for (lines, expected) in [
            (&[][..], None),
            (&["public"], None),
            (&["max-age=60"], Some(60)),
            (&["public, MAX-AGE=\"60\", must-revalidate"], Some(60)),
            (&["public", "max-age=60"], Some(60)),
            (&["max-age=60, no-store"], Some(0)),
            (&["no-cache"], Some(0)),
            (&["max-age=x"], None),
            (&["s-maxage=60"], None),
        ] {
            let lines = lines.iter().map(|line| (CACHE_CONTROL, HeaderValue::from_static(line)));
            assert_eq!(max_age(&lines.collect()), expected.map(Duration::from_secs));
        }
    }
}
