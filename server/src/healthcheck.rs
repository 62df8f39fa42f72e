//! `healthcheck`: requests `GET /readyz` of a running server, for containers that have no curl.

use crate::listener::address::ListenAddress;
use anyhow::{Context, Result, bail};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(3);

/// Succeeds when the server that listens on `listen` is ready to serve.
pub fn run(listen: &ListenAddress) -> Result<()> {
    let answer = match listen {
        ListenAddress::Tcp(address) => over_tcp(reachable(*address)),
        ListenAddress::Unix(path) => over_unix(path),
    };
    let answer = answer.with_context(|| format!("no answer from {listen}"))?;
    match answer.split_ascii_whitespace().nth(1) {
        Some("200") => Ok(()),
        Some(status) => bail!("{listen} is not ready: status {status}"),
        None => bail!("{listen} does not speak HTTP"),
    }
}

/// Returns the address to connect to in order to reach a server bound to `listen`.
pub fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn over_tcp(address: SocketAddr) -> io::Result<String> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    ask(stream)
}

fn over_unix(path: &Path) -> io::Result<String> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    ask(stream)
}

/// Returns the first bytes of the response, which hold the status line.
fn ask(mut stream: impl Read + Write) -> io::Result<String> {
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(16).read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_bound_to_all_addresses_is_asked_on_the_loopback() {
        let of = |text: &str| reachable(text.parse().expect("an address")).to_string();
        assert_eq!(of("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(of("[::]:8080"), "[::1]:8080");
        assert_eq!(of("192.0.2.1:80"), "192.0.2.1:80");
    }
}
