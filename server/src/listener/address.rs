//! The value of `--listen` and `--admin-listen`: an address and port, or the path of a unix socket.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// An address and port.
    Tcp(SocketAddr),
    /// `unix:/path`: a unix socket. Whoever may connect to it counts as a trusted proxy.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Returns whether only this machine can connect, as the network's address says.
    pub fn is_loopback(&self) -> bool {
        matches!(self, Self::Tcp(address) if address.ip().is_loopback())
    }

    /// Returns whether the system chooses the port.
    pub fn takes_a_free_port(&self) -> bool {
        matches!(self, Self::Tcp(address) if address.port() == 0)
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(_) => Err("needs an absolute path after unix:".into()),
            None => text
                .parse()
                .map(Self::Tcp)
                .map_err(|_| "not an address and port like 127.0.0.1:8080, nor unix:/path".into()),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        for text in ["127.0.0.1:8080", "[::1]:0", "unix:/run/hallpass/http.sock"] {
            assert_eq!(text.parse::<ListenAddress>().expect(text).to_string(), text);
        }
        for text in ["", "localhost:8080", "8080", "unix:", "unix:http.sock", "/run/http.sock"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_loopback_address_is_one() {
        let is_loopback = |text: &str| text.parse::<ListenAddress>().expect(text).is_loopback();
        assert!(is_loopback("127.0.0.1:1") && is_loopback("[::1]:1"));
        assert!(!is_loopback("0.0.0.0:1") && !is_loopback("unix:/s"));
    }
}
