//! The places that may be fetched from, by who named them.
//!
//! What the operator names in the issuers file may be at any address. A `jwks_uri` in a discovery document is chosen by
//! the issuer: it must not make this server send requests into a private network. The addresses that a name resolves to
//! are judged, not the name, and exactly those are then connected to.

use hyper::Uri;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A URL that may be fetched, `https`, or `http` on the loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    uri: Uri,
    allowed: Allowed,
}

/// The addresses that may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    /// Any.
    Any,
    /// The loopback only: there is no TLS.
    Loopback,
    /// Public ones, and the loopback if the issuer is there, too.
    Public { and_loopback: bool },
}

/// The reason for which a URL is refused: the end of a sentence that begins with the URL.
pub type Problem = &'static str;

impl Place {
    /// Returns the place that the operator named.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn named_by_operator(url: &str) -> Result<Self, Problem> {
        let uri = parse(url)?;
        let allowed = match (is_https(&uri), is_loopback_name(&uri)) {
            (true, _) => Allowed::Any,
            (false, true) => Allowed::Loopback,
            (false, false) => return Err("must begin with https://, except on the loopback"),
        };
        Ok(Self { uri, allowed })
    }

    /// Returns the place that a document from this place named.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn names(&self, url: &str) -> Result<Self, Problem> {
        let uri = parse(url)?;
        let is_local = is_loopback_name(&self.uri);
        let allowed = match (is_https(&uri), is_local && is_loopback_name(&uri)) {
            (true, _) => Allowed::Public { and_loopback: is_local },
            (false, true) => Allowed::Loopback,
            (false, false) => return Err("must begin with https://"),
        };
        Ok(Self { uri, allowed })
    }

    /// Returns whether this address may be connected to.
    pub fn allows(&self, address: IpAddr) -> bool {
        let zone = zone(address);
        match self.allowed {
            Allowed::Any => true,
            Allowed::Loopback => zone == Zone::Loopback,
            Allowed::Public { and_loopback } => {
                zone == Zone::Public || (and_loopback && zone == Zone::Loopback)
            }
        }
    }

    /// Returns the URL.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns whether TLS is spoken.
    pub fn is_https(&self) -> bool {
        is_https(&self.uri)
    }

    /// Returns the host, a name or an address without brackets, and the port.
    pub fn host_and_port(&self) -> (&str, u16) {
        let default = if self.is_https() { 443 } else { 80 };
        (bare_host(&self.uri), self.uri.port_u16().unwrap_or(default))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

/// Parses an absolute http(s) URL without user, password and fragment.
fn parse(url: &str) -> Result<Uri, Problem> {
    let uri: Uri = url.parse().map_err(|_| "is not a URL")?;
    let is_plain =
        !url.contains('#') && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    match uri.scheme_str() {
        Some("https" | "http") if is_plain && !bare_host(&uri).is_empty() => Ok(uri),
        _ => Err("is not a plain https:// URL"),
    }
}

fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

fn bare_host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

/// Returns whether the host is `localhost` or an address of the loopback.
fn is_loopback_name(uri: &Uri) -> bool {
    let host = bare_host(uri);
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address| zone(address) == Zone::Loopback)
}

/// Where an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    /// This machine.
    Loopback,
    /// On the public internet.
    Public,
    /// Everything else: private, link-local, shared, reserved.
    Special,
}

fn zone(address: IpAddr) -> Zone {
    match address.to_canonical() {
        IpAddr::V4(address) => zone_v4(address),
        IpAddr::V6(address) => zone_v6(address),
    }
}

/// Classifies an address by IANA's registry of special-purpose IPv4 addresses (RFC 6890).
fn zone_v4(address: Ipv4Addr) -> Zone {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && b & 0xfe == 18);
    match (address.is_loopback(), is_special) {
        (true, _) => Zone::Loopback,
        (false, true) => Zone::Special,
        (false, false) => Zone::Public,
    }
}

/// Classifies an address: public is global unicast (2000::/3) without its reserved blocks. An IPv4 address behind NAT64
/// (RFC 6052) counts as that IPv4 address.
fn zone_v6(address: Ipv6Addr) -> Zone {
    let segments = address.segments();
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = segments {
        let address = Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
        // The loopback behind NAT64 is not this machine's.
        return if zone_v4(address) == Zone::Public { Zone::Public } else { Zone::Special };
    }
    let is_set_aside = match segments {
        // Protocols (Teredo, ORCHID), documentation.
        [0x2001, second, ..] => second < 0x200 || second == 0xdb8,
        // 6to4, which leads to any IPv4 address; documentation.
        [0x2002 | 0x3fff, ..] => true,
        _ => false,
    };
    match segments[0] & 0xe000 == 0x2000 && !is_set_aside {
        true => Zone::Public,
        false if address.is_loopback() => Zone::Loopback,
        false => Zone::Special,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: [&str; 4] = ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"];
    const LOOPBACK: [&str; 4] = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"];
    const SPECIAL: [&str; 27] = [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2001::1",
        "2001:db8::1",
        "2002:a00:1::",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "ff02::1",
    ];

    /// Returns whether all public, all loopback and all other addresses may be connected to.
    fn reach(place: &Place) -> [bool; 3] {
        [&PUBLIC[..], &LOOPBACK, &SPECIAL].map(|addresses| {
            let answers = addresses.iter().map(|address| place.allows(address.parse().expect("an address")));
            let allowed = answers.filter(|answer| *answer).count();
            assert!([0, addresses.len()].contains(&allowed), "{place}: some of {addresses:?}");
            allowed > 0
        })
    }

    #[test]
    fn the_operator_may_name_every_place_by_https_and_the_loopback_by_http() {
        let named = |url: &str| Place::named_by_operator(url).expect(url);
        assert_eq!(reach(&named("https://id.example/keys")), [true, true, true]);
        for url in ["http://localhost:8080", "http://127.0.0.1/x", "http://[::1]:9/x", "http://LOCALHOST"] {
            assert_eq!(reach(&named(url)), [false, true, false], "{url}");
        }
        for url in ["http://id.example", "http://10.0.0.1", "http://localhost.example", "http://0.0.0.0"] {
            assert!(Place::named_by_operator(url).is_err(), "{url}");
        }
    }

    #[test]
    fn an_issuer_may_name_public_places_only() {
        let issuer = Place::named_by_operator("https://id.example").expect("a place");
        for url in ["https://keys.example/jwks", "https://10.0.0.1/jwks", "https://localhost/jwks"] {
            assert_eq!(reach(&issuer.names(url).expect(url)), [true, false, false], "{url}");
        }
        for url in ["http://keys.example/jwks", "http://localhost/jwks", "http://127.0.0.1/jwks", "/jwks"] {
            assert!(issuer.names(url).is_err(), "{url}");
        }
    }

    #[test]
    fn an_issuer_on_the_loopback_may_name_the_loopback_too() {
        let issuer = Place::named_by_operator("http://127.0.0.1:3000").expect("a place");
        assert_eq!(
            reach(&issuer.names("http://localhost:3000/jwks").expect("a place")),
            [false, true, false]
        );
        assert_eq!(reach(&issuer.names("https://keys.example/jwks").expect("a place")), [true, true, false]);
        for url in ["http://10.0.0.1/jwks", "http://169.254.169.254/", "http://keys.example/"] {
            assert!(issuer.names(url).is_err(), "{url}");
        }
    }

    #[test]
    fn what_is_no_plain_url_is_refused() {
        for url in [
            "",
            "id.example",
            "ftp://id.example",
            "https://",
            "https://u:p@id.example",
            "https://id.example/#a",
            "https:///x",
            "file:///etc/passwd",
        ] {
            assert!(Place::named_by_operator(url).is_err(), "{url}");
        }
    }

    #[test]
    fn host_and_port_are_what_is_connected_to() {
        for (url, expected) in [
            ("https://id.example/x", ("id.example", 443)),
            ("https://[2606:4700::1]:8443/x", ("2606:4700::1", 8443)),
            ("http://localhost", ("localhost", 80)),
        ] {
            assert_eq!(Place::named_by_operator(url).expect(url).host_and_port(), expected);
        }
    }
}
