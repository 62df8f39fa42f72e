//! The addresses of a Redis, checked before anything connects: one server, the Sentinels of one, or the
//! nodes of a cluster.

use redis::IntoConnectionInfo;
use std::borrow::Cow;
use std::fmt;
use std::path::Path;

/// The address of a Redis. It may hold passwords, so it has neither `Debug` nor `Display`.
#[derive(Clone)]
pub enum Address {
    /// One server: a URL that the redis crate reads.
    Server(String),
    /// The primary that Sentinels name.
    Sentinel(SentinelAddress),
    /// A cluster.
    Cluster(ClusterAddress),
}

/// Sentinels, and the primary that they watch.
#[derive(Clone)]
pub struct SentinelAddress {
    /// The URLs of the Sentinels.
    pub sentinels: Vec<String>,
    /// Their name for the primary.
    pub master: String,
    /// A URL with the scheme, credentials and database of the primary; its host means nothing.
    pub server: String,
}

/// Some nodes of a cluster.
#[derive(Clone)]
pub struct ClusterAddress {
    /// The part before `host:port` in the URL of every node: the scheme and the credentials.
    pub prefix: String,
    /// `host:port` of the nodes that are asked for the others.
    pub nodes: Vec<String>,
}

/// The reason for which a text is not an address, such as "is not an address: …": the caller puts the name of the flag
/// before it. It never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError(String);

const FORMS: &str = "use redis://, rediss://, unix:/path, host:port, redis-sentinel:// or redis-cluster://";
const SENTINEL_FORM: &str =
    "must look like redis-sentinel://[user:password@]host:port,host:port/<master>[/database]";
const CLUSTER_FORM: &str = "must look like redis-cluster://[user:password@]host:port,host:port";

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// [`AddressError`], which never repeats the text.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        read(text).map_err(AddressError)
    }

    /// Returns whether its connections speak TLS.
    pub fn is_tls(&self) -> bool {
        self.server().starts_with("rediss:")
    }

    /// Returns whether it holds a password, of the servers rather than of Sentinels.
    pub fn has_password(&self) -> bool {
        self.server()
            .as_ref()
            .into_connection_info()
            .is_ok_and(|info| info.redis_settings().password().is_some())
    }

    /// Returns the URL of a server, whose host may mean nothing.
    fn server(&self) -> Cow<'_, str> {
        match self {
            Self::Server(url) => url.into(),
            Self::Sentinel(address) => (&address.server).into(),
            Self::Cluster(ClusterAddress { prefix, nodes }) => {
                format!("{prefix}{}", nodes.first().map_or("", String::as_str)).into()
            }
        }
    }

    /// Returns the address of a unix socket at an absolute path.
    ///
    /// # Errors
    /// [`AddressError`] when the path is not UTF-8.
    pub fn unix(path: &Path) -> Result<Self, AddressError> {
        let path = path.to_str().ok_or_else(|| AddressError("is not valid UTF-8".into()))?;
        Ok(Self::Server(format!("unix://{}", percent_encoding::utf8_percent_encode(path, PATH))))
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AddressError {}

/// The characters that a URL's path may not hold as they are.
const PATH: &percent_encoding::AsciiSet =
    &percent_encoding::CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ').add(b'\\');

/// Returns the address, or what is wrong with the text.
fn read(text: &str) -> Result<Address, String> {
    if let Some((scheme, rest)) = text.split_once("://") {
        return read_url(scheme, rest, text);
    }
    match text.strip_prefix("unix:") {
        Some(path) if path.starts_with('/') => Ok(Address::Server(format!("unix://{path}"))),
        Some(_) => Err("needs an absolute path after unix:".into()),
        None if is_host_and_port(text) => Ok(Address::Server(format!("redis://{text}"))),
        None => Err(format!("is not an address: {FORMS}")),
    }
}

fn read_url(scheme: &str, rest: &str, text: &str) -> Result<Address, String> {
    if text.contains('#') {
        return Err("has a fragment; there are no options, and certificates are always checked".into());
    }
    match scheme {
        "redis" | "rediss" | "unix" | "redis+unix" if rest.is_empty() => {
            Err(format!("names no host: {FORMS}"))
        }
        "redis" | "rediss" | "unix" | "redis+unix" => Ok(Address::Server(text.to_owned())),
        "redis-sentinel" => read_sentinel("redis", rest).ok_or_else(|| SENTINEL_FORM.into()),
        "rediss-sentinel" => read_sentinel("rediss", rest).ok_or_else(|| SENTINEL_FORM.into()),
        "redis-cluster" => read_cluster("redis", rest).ok_or_else(|| CLUSTER_FORM.into()),
        "rediss-cluster" => read_cluster("rediss", rest).ok_or_else(|| CLUSTER_FORM.into()),
        _ => Err(format!("has an unknown scheme: {FORMS}")),
    }
}

/// Reads `[user:password@]host:port,…/<master>[/database][?sentinel_user=…&sentinel_pass=…]`
fn read_sentinel(scheme: &str, rest: &str) -> Option<Address> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/')?;
    let (master, database) = path.split_once('/').unwrap_or((path, "0"));
    database.parse::<u32>().ok().filter(|_| !master.is_empty())?;
    let (credentials, hosts) = split_authority(authority)?;
    let own = sentinel_credentials(query)?;
    Some(Address::Sentinel(SentinelAddress {
        sentinels: hosts.iter().map(|host| format!("{scheme}://{own}{host}")).collect(),
        master: master.to_owned(),
        server: format!("{scheme}://{credentials}{}/{database}", hosts[0]),
    }))
}

/// Returns `user:password@` for the Sentinels themselves, or nothing.
fn sentinel_credentials(query: &str) -> Option<String> {
    let (mut user, mut password) = ("", None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=')? {
            ("sentinel_user", value) => user = value,
            ("sentinel_pass", value) => password = Some(value),
            _ => return None,
        }
    }
    match password {
        Some(password) => Some(format!("{user}:{password}@")),
        None if user.is_empty() => Some(String::new()),
        None => None,
    }
}

/// Reads `[user:password@]host:port,…`
fn read_cluster(scheme: &str, rest: &str) -> Option<Address> {
    let (credentials, hosts) = split_authority(rest.strip_suffix('/').unwrap_or(rest))?;
    let nodes = hosts.iter().map(|&host| host.to_owned()).collect();
    Some(Address::Cluster(ClusterAddress { prefix: format!("{scheme}://{credentials}"), nodes }))
}

/// Returns the credentials with their `@`, or nothing, and at least one `host:port`.
fn split_authority(authority: &str) -> Option<(&str, Vec<&str>)> {
    let (credentials, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let hosts: Vec<&str> = hosts.split(',').collect();
    hosts.iter().all(|host| is_host_and_port(host)).then_some((credentials, hosts))
}

/// Returns whether this is `host:port`, the host being a name, an IPv4 address or a bracketed IPv6 address.
fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let named = !host.is_empty()
            && !host.contains(['/', '@', '?', '#', ','])
            && (!host.contains(':') || host.starts_with('['));
        named && port.parse::<u16>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> String {
        match Address::parse(text).expect(text) {
            Address::Server(url) => url,
            _ => panic!("not one server: {text}"),
        }
    }

    fn sentinel(text: &str) -> SentinelAddress {
        match Address::parse(text).expect(text) {
            Address::Sentinel(address) => address,
            _ => panic!("no Sentinels: {text}"),
        }
    }

    fn cluster(text: &str) -> ClusterAddress {
        match Address::parse(text).expect(text) {
            Address::Cluster(address) => address,
            _ => panic!("no cluster: {text}"),
        }
    }

    #[test]
    fn every_form_of_one_server_becomes_a_url() {
        for (text, url) in [
            ("redis://u:p@h:1/2", "redis://u:p@h:1/2"),
            ("rediss://h", "rediss://h"),
            ("unix:/run/redis.sock", "unix:///run/redis.sock"),
            ("unix:///run/redis.sock", "unix:///run/redis.sock"),
            ("redis+unix:///run/redis.sock?db=1", "redis+unix:///run/redis.sock?db=1"),
            ("localhost:6379", "redis://localhost:6379"),
            ("[::1]:6379", "redis://[::1]:6379"),
        ] {
            assert_eq!(server(text), url);
        }
    }

    #[test]
    fn credentials_and_database_are_the_primarys_and_not_the_sentinels() {
        let plain = sentinel("redis-sentinel://a:1,[::1]:2/main");
        assert_eq!(plain.sentinels, ["redis://a:1", "redis://[::1]:2"]);
        assert_eq!((plain.master.as_str(), plain.server.as_str()), ("main", "redis://a:1/0"));
        let full = sentinel("rediss-sentinel://u:p%40@a:1,b:2/main/3?sentinel_user=s&sentinel_pass=q");
        assert_eq!(full.sentinels, ["rediss://s:q@a:1", "rediss://s:q@b:2"]);
        assert_eq!(full.server, "rediss://u:p%40@a:1/3");
        assert_eq!(sentinel("redis-sentinel://a:1/m?sentinel_pass=q").sentinels, ["redis://:q@a:1"]);
    }

    #[test]
    fn all_nodes_of_a_cluster_have_the_same_credentials() {
        let plain = cluster("redis-cluster://a:1,[::1]:2");
        assert_eq!(
            (plain.prefix.as_str(), plain.nodes),
            ("redis://", vec!["a:1".to_owned(), "[::1]:2".to_owned()])
        );
        let full = cluster("rediss-cluster://u:p@a:1/");
        assert_eq!((full.prefix.as_str(), full.nodes), ("rediss://u:p@", vec!["a:1".to_owned()]));
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
            "redis-sentinel://secret@h:1",
            "redis-sentinel://secret@h:1/",
            "redis-sentinel://secret@h/m",
            "redis-sentinel://secret@h:1/m/secret",
            "redis-sentinel://secret@h:1,/m",
            "redis-sentinel://h:1/m?secret=x",
            "redis-sentinel://h:1/m?sentinel_user=secret",
            "redis-cluster://secret@h",
            "redis-cluster://secret@h:1,",
            "redis-cluster://secret@h:1/0",
            "redis-cluster://secret@h:1?x=y",
            "redis-cluster://",
        ] {
            let error = Address::parse(text).err().expect("refused").to_string();
            assert!(!error.contains("secret"), "{text}: {error}");
        }
    }

    #[test]
    fn an_address_tells_whether_it_is_secured() {
        for (text, is_tls, has_password) in [
            ("redis://h:1", false, false),
            ("rediss://u:p@h", true, true),
            ("rediss://u@h", true, false),
            ("unix:/s?pass=p", false, true),
            ("redis-sentinel://a:1,b:2/m?sentinel_pass=q", false, false),
            ("rediss-sentinel://:p@a:1/m", true, true),
            ("redis-cluster://a:1,b:2", false, false),
            ("rediss-cluster://u:p@a:1,b:2", true, true),
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!((address.is_tls(), address.has_password()), (is_tls, has_password), "{text}");
        }
    }

    #[test]
    fn a_socket_path_is_escaped() {
        let Address::Server(url) = Address::unix(Path::new("/tmp/a b#?%/redis.sock")).expect("UTF-8") else {
            panic!("one server");
        };
        assert_eq!(url, "unix:///tmp/a%20b%23%3F%25/redis.sock");
    }
}
