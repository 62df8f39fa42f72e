//! The source of a request: the peer of its connection, or the address that a trusted proxy reports.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The peer of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address; `None` for one on the same machine, over a unix socket.
    pub address: Option<IpAddr>,
    /// Whether the connection is one of those that are reserved for the operator.
    pub is_reserved: bool,
}

/// Where a request of a gateway comes from. It is there only where cookies count at /verify.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The source of the request that waits at the gateway.
    pub source: Source,
    /// Whether the gateway is a trusted proxy.
    pub is_proxied: bool,
}

impl Peer {
    /// An unknown peer.
    const UNKNOWN: Self = Self { address: Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), is_reserved: false };

    /// Takes the peer out of a request, in which the listener stored it.
    pub fn take(request: &mut Request) -> Self {
        request.extensions_mut().remove().unwrap_or(Self::UNKNOWN)
    }
}

/// The rate-limit key of a request: its IPv4 address, or the /64 of its IPv6 address, the smallest block one customer
/// gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// Returns the source that an address belongs to.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self(address),
            IpAddr::V6(v6) => Self(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into()),
        }
    }
}

/// The proxies whose `X-Forwarded-For` is trusted.
#[derive(Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts the proxies in these networks.
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.to_vec())
    }

    /// Returns the source of a request from this peer: the rightmost forwarded address that is not a trusted proxy's.
    /// Whatever stands further left, the untrusted hop may have made up. Without an address a peer is trusted.
    pub fn source(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Source {
        let mut nearest = peer.map(|address| address.to_canonical());
        let values = headers.get_all(FORWARDED_FOR).iter().rev();
        for hop in values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(',')) {
            if !self.trusts(nearest) {
                break;
            }
            let Some(before) = address(hop.trim()) else { break };
            nearest = Some(before);
        }
        Source::of(nearest.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }

    /// Returns whether a peer is a trusted proxy. One without an address, which the operator lets into a unix socket,
    /// always is.
    pub fn trusts(&self, peer: Option<IpAddr>) -> bool {
        peer.is_none_or(|address| self.0.iter().any(|network| network.contains(&address.to_canonical())))
    }
}

/// Parses an address in X-Forwarded-For, with or without the port that some proxies add.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse().or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()));
    parsed.ok().map(|address: IpAddr| address.to_canonical())
}

/// Parses a value of `--trusted-proxy`: a network or an address.
pub fn parse_network(text: &str) -> Result<IpNet, String> {
    let parsed = text.parse().or_else(|_| text.parse().map(|address: IpAddr| IpNet::from(address)));
    parsed.map_err(|_| "not a network like 10.0.0.0/8, nor an address".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn source(trusted: &[&str], peer: &str, forwarded: &[&'static str]) -> Source {
        let networks: Vec<_> = trusted.iter().map(|text| parse_network(text).expect("a network")).collect();
        let headers = forwarded
            .iter()
            .map(|value| (FORWARDED_FOR, HeaderValue::from_bytes(value.as_bytes()).expect("a value")))
            .collect();
        let peer = (!peer.is_empty()).then(|| peer.parse().expect("an address"));
        TrustedProxies::new(&networks).source(peer, &headers)
    }

    fn is(address: &str) -> Source {
        Source(address.parse().expect("an address"))
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        assert_eq!(source(&[], "192.0.2.1", &["198.51.100.1"]), is("192.0.2.1"));
        assert_eq!(source(&["10.0.0.0/8"], "192.0.2.1", &["198.51.100.1"]), is("192.0.2.1"));
    }

    #[test]
    fn who_comes_over_a_unix_socket_is_trusted() {
        assert_eq!(source(&[], "", &["203.0.113.9, 198.51.100.1"]), is("198.51.100.1"));
        assert_eq!(source(&[], "", &[]), is("0.0.0.0"));
    }

    #[test]
    fn the_rightmost_untrusted_address_counts() {
        let trusted = ["10.0.0.0/8", "127.0.0.1"];
        let of = |forwarded: &[&'static str]| source(&trusted, "127.0.0.1", forwarded);
        assert_eq!(of(&["203.0.113.9, 198.51.100.1"]), is("198.51.100.1"));
        assert_eq!(of(&["203.0.113.9, 198.51.100.1,10.1.2.3"]), is("198.51.100.1"));
        assert_eq!(of(&["203.0.113.9", "198.51.100.1", " 10.1.2.3 "]), is("198.51.100.1"));
        assert_eq!(of(&["10.1.2.3"]), is("10.1.2.3"));
        assert_eq!(of(&[]), is("127.0.0.1"));
    }

    #[test]
    fn text_that_is_not_an_address_ends_the_search() {
        let of = |forwarded: &[&'static str]| source(&["10.0.0.0/8"], "10.0.0.1", forwarded);
        for garbage in ["203.0.113.9, unknown", "203.0.113.9,", "203.0.113.9, 1.2.3.4.5", "\u{fc}"] {
            assert_eq!(of(&[garbage]), is("10.0.0.1"), "{garbage}");
        }
        assert_eq!(of(&["203.0.113.9:4711"]), is("203.0.113.9"));
    }

    #[test]
    fn ipv6_counts_by_network_and_mapped_ipv4_as_what_it_is() {
        let of = |forwarded: &[&'static str]| source(&["::1"], "::1", forwarded);
        assert_eq!(of(&["2001:db8:1:2:3:4:5:6"]), is("2001:db8:1:2::"));
        assert_eq!(of(&["[2001:db8:1:2::7]:443"]), is("2001:db8:1:2::"));
        assert_eq!(of(&["[2001:db8:1:2::7]"]), is("2001:db8:1:2::"));
        assert_eq!(source(&["10.0.0.0/8"], "::ffff:10.0.0.1", &["::ffff:192.0.2.7"]), is("192.0.2.7"));
    }

    #[test]
    fn a_network_is_read_with_and_without_a_prefix_length() {
        assert_eq!(parse_network("10.0.0.1").expect("an address").prefix_len(), 32);
        assert_eq!(parse_network("2001:db8::/32").expect("a network").prefix_len(), 32);
        for text in ["", "10.0.0.0/33", "proxy", "10.0.0"] {
            assert!(parse_network(text).is_err(), "{text}");
        }
    }
}
