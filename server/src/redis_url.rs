//! The addresses that `--redis-url` takes, checked before anything connects: `redis://`, `rediss://`, `unix:`,
//! `redis+unix://` and bare `host:port`.

use crate::failure::{Failure, Outcome};
use std::path::Path;

/// A Redis address in the form that the redis crate reads. It may hold a password, so it is never printed.
#[derive(Clone)]
pub struct RedisAddress(String);

/// The schemes that become a connection as they are.
const SCHEMES: [&str; 4] = ["redis", "rediss", "unix", "redis+unix"];
const FORMS: &str = "use redis://, rediss://, unix:/path or host:port";

impl RedisAddress {
    /// Reads what the user gave. The failure never repeats it.
    pub fn parse(text: &str) -> Outcome<Self> {
        let refuse = |why: &str| Err(Failure::new(format!("--redis-url {why}")));
        if let Some((scheme, rest)) = text.split_once("://") {
            return match scheme {
                "redis-sentinel" => refuse("names Redis Sentinel, which this version does not connect to"),
                "redis-cluster" => refuse("names Redis Cluster, which this version does not connect to"),
                _ if !SCHEMES.contains(&scheme) => refuse(&format!("has an unknown scheme: {FORMS}")),
                _ if text.contains('#') => {
                    refuse("has a fragment; there are no options, and certificates are always checked")
                }
                _ if rest.is_empty() => refuse(&format!("names no host: {FORMS}")),
                _ => Ok(Self(text.to_owned())),
            };
        }
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Ok(Self(format!("unix://{path}"))),
            Some(_) => refuse("needs an absolute path after unix:"),
            None if is_host_and_port(text) => Ok(Self(format!("redis://{text}"))),
            None => refuse(&format!("is not an address: {FORMS}")),
        }
    }

    /// The address of a unix socket at an absolute path.
    pub fn unix(path: &Path) -> Outcome<Self> {
        let unreadable = || Failure::new(format!("{} is not valid UTF-8", path.display()));
        let path = path.to_str().ok_or_else(unreadable)?;
        Ok(Self(format!("unix://{}", percent_encoding::utf8_percent_encode(path, PATH))))
    }

    /// The URL, password included.
    pub fn url(&self) -> &str {
        &self.0
    }
}

/// What a URL's path may not hold as it is.
const PATH: &percent_encoding::AsciiSet =
    &percent_encoding::CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ').add(b'\\');

/// `host:port`, the host being a name, an IPv4 address or a bracketed IPv6 address.
fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let named = !host.is_empty()
            && !host.contains(['/', '@', '?', '#'])
            && (!host.contains(':') || host.starts_with('['));
        named && port.parse::<u16>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_becomes_a_url() {
        for (text, url) in [
            ("redis://u:p@h:1/2", "redis://u:p@h:1/2"),
            ("rediss://h", "rediss://h"),
            ("unix:/run/redis.sock", "unix:///run/redis.sock"),
            ("unix:///run/redis.sock", "unix:///run/redis.sock"),
            ("redis+unix:///run/redis.sock?db=1", "redis+unix:///run/redis.sock?db=1"),
            ("localhost:6379", "redis://localhost:6379"),
            ("[::1]:6379", "redis://[::1]:6379"),
        ] {
            assert_eq!(RedisAddress::parse(text).expect(text).url(), url);
        }
    }

    #[test]
    fn everything_else_is_refused_without_repeating_it() {
        for text in [
            "",
            "localhost",
            "/run/redis.sock",
            "unix:redis.sock",
            "user:secret@host:6379",
            "host:99999",
            "http://secret@host",
            "redis://",
            "rediss://secret@h#insecure",
            "redis-sentinel://secret@h:1/m",
            "redis-cluster://secret@h:1",
        ] {
            let failure = RedisAddress::parse(text).err().expect("refused").to_string();
            assert!(failure.starts_with("--redis-url ") && !failure.contains("secret"), "{text}: {failure}");
        }
    }

    #[test]
    fn a_socket_path_is_escaped() {
        let address = RedisAddress::unix(Path::new("/tmp/a b#?%/redis.sock")).expect("UTF-8");
        assert_eq!(address.url(), "unix:///tmp/a%20b%23%3F%25/redis.sock");
    }
}
