//! The flags of `serve`, each with an environment variable of the same name.

use crate::embedded::setting::Setting;
use crate::http::cookie::SameSite;
use crate::listener::address::ListenAddress;
use crate::middleware::cors::parse_origin;
use crate::middleware::source::parse_network;
use clap::Args;
use clap::builder::BoolishValueParser;
use hallpass_admin::keys::Span;
use hallpass_engine::keys::Algorithm;
use ipnet::IpNet;
use std::path::PathBuf;
use std::time::Duration;
use tracing::level_filters::LevelFilter;

/// Where the server listens unless told otherwise.
pub(super) const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// The flags of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address and port to listen on, or unix:/path; port 0 takes a free one.
    #[arg(long, env = "HALLPASS_LISTEN", value_name = "ADDRESS", default_value = DEFAULT_LISTEN)]
    pub listen: ListenAddress,

    /// Another address, or unix:/path, that has every route. Those for the operator are then no longer at --listen.
    #[arg(long, env = "HALLPASS_ADMIN_LISTEN", value_name = "ADDRESS")]
    pub admin_listen: Option<ListenAddress>,

    /// Have the console, and the routes that it needs, also where --listen is not on the loopback. Where there is an
    /// --admin-listen, it is there.
    #[arg(long, env = "HALLPASS_CONSOLE", value_parser = BoolishValueParser::new())]
    pub console: bool,

    /// Redis with the module loaded: redis://, rediss://, unix:, host:port, redis-sentinel:// or redis-cluster://. Without it
    /// a private Redis is started.
    // Kept as plain text here, since an error of the parser would repeat it, password included.
    #[arg(long, env = "HALLPASS_REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis_url: Option<String>,

    /// A file with the password for --redis-url, instead of one in the URL.
    #[arg(long, env = "HALLPASS_REDIS_PASSWORD_FILE", value_name = "FILE")]
    pub redis_password_file: Option<PathBuf>,

    /// The certificates, in PEM, of the only authorities that a rediss: URL trusts [default: the system's].
    #[arg(long, env = "HALLPASS_REDIS_CA_FILE", value_name = "FILE")]
    pub redis_ca_file: Option<PathBuf>,

    /// The certificate, in PEM, to show to a Redis that asks for one; with --redis-key-file.
    #[arg(long, env = "HALLPASS_REDIS_CERT_FILE", value_name = "FILE")]
    pub redis_cert_file: Option<PathBuf>,

    /// The private key of --redis-cert-file, in PEM.
    #[arg(long, env = "HALLPASS_REDIS_KEY_FILE", value_name = "FILE")]
    pub redis_key_file: Option<PathBuf>,

    /// Issuer of the tokens. With --redis-url it must be the module's; else it defaults to http://LISTEN.
    #[arg(long, env = "HALLPASS_ISSUER", value_name = "URL")]
    pub issuer: Option<String>,

    /// Directory of the private Redis: keys, secrets, sessions.
    #[arg(long, env = "HALLPASS_DATA_DIR", value_name = "DIR", default_value = "./data")]
    pub data_dir: PathBuf,

    /// The module, libhallpass.so [default: beside this program, or where packages install it]. Not with --redis-url.
    #[arg(long, env = "HALLPASS_MODULE_PATH", value_name = "FILE")]
    pub module_path: Option<PathBuf>,

    /// The redis-server to start [default: the one on PATH]. Not with --redis-url.
    #[arg(long, env = "HALLPASS_REDIS_SERVER", value_name = "FILE")]
    pub redis_server: Option<PathBuf>,

    /// Algorithm of the private Redis' first signing key: EdDSA (the default), ES256, RS256, PS256 or HS256. `keys rotate`
    /// changes it later. Not with --redis-url.
    #[arg(long, env = "HALLPASS_ALG", value_name = "ALG")]
    pub alg: Option<Algorithm>,

    /// A setting of the private Redis' module, like hallpass.access-ttl=300; repeatable. Not with --redis-url.
    #[arg(long, env = "HALLPASS_SET", value_name = "hallpass.NAME=VALUE", value_delimiter = ',')]
    pub set: Vec<Setting>,

    /// Fill the private Redis with users, devices and a theft to look at. Not with --redis-url.
    #[arg(long, env = "HALLPASS_DEMO", value_parser = BoolishValueParser::new())]
    pub demo: bool,

    /// The clients file [default: clients.json in the data directory].
    #[arg(long, env = "HALLPASS_CLIENTS_FILE", value_name = "FILE")]
    pub clients_file: Option<PathBuf>,

    /// The issuers file: whose tokens open a session at /token [default: nobody's].
    #[arg(long, env = "HALLPASS_ISSUERS_FILE", value_name = "FILE")]
    pub issuers_file: Option<PathBuf>,

    /// An origin whose scripts may call /token, /revoke, /me and the well-known routes with credentials; repeatable.
    #[arg(
        long,
        env = "HALLPASS_ALLOWED_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ',',
        value_parser = parse_origin
    )]
    pub allowed_origin: Vec<String>,

    /// A proxy, or network of proxies, whose X-Forwarded-For is believed; repeatable.
    #[arg(
        long,
        env = "HALLPASS_TRUSTED_PROXY",
        value_name = "CIDR",
        value_delimiter = ',',
        value_parser = parse_network
    )]
    pub trusted_proxy: Vec<IpNet>,

    /// Calls per second that one address may make to /token, to /revoke and with failed client authentication; four
    /// times as many at once. 0 is no limit.
    #[arg(
        long,
        env = "HALLPASS_RATE_LIMIT",
        value_name = "CALLS",
        default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(..=1_000_000)
    )]
    pub rate_limit: u32,

    /// Name the cookie `hallpass` and allow it without TLS: for development, with --listen on the loopback only.
    #[arg(long, env = "HALLPASS_DEV_COOKIE", value_parser = BoolishValueParser::new())]
    pub dev_cookie: bool,

    /// Let /verify take the cookie of a page's request instead of an access token, and renew it: for server-rendered
    /// pages. Behind a gateway only: needs --trusted-proxy, or --listen unix:.
    #[arg(long, env = "HALLPASS_SESSION_COOKIE", value_parser = BoolishValueParser::new())]
    pub session_cookie: bool,

    /// With which requests from other sites a browser sends the cookie: strict is none, lax those of links.
    #[arg(
        long,
        env = "HALLPASS_COOKIE_SAME_SITE",
        value_name = "POLICY",
        value_enum,
        default_value = "strict"
    )]
    pub cookie_same_site: SameSite,

    /// Custom claims that /verify puts into X-Auth-Claims [default: all].
    #[arg(long, env = "HALLPASS_VERIFY_CLAIMS", value_name = "NAME,…", value_delimiter = ',')]
    pub verify_claims: Option<Vec<String>>,

    /// Memory for verified tokens, in bytes: Redis is asked again when it says that they may have changed. 0 asks each time.
    #[arg(long, env = "HALLPASS_VERIFY_CACHE", value_name = "BYTES", default_value_t = 64 << 20)]
    pub verify_cache: usize,

    /// While Redis is away, /verify lets pass for this many seconds what it verified before. 0 lets nothing pass.
    #[arg(
        long,
        env = "HALLPASS_STALE_IF_ERROR",
        value_name = "SECONDS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u64).range(..=86_400)
    )]
    pub stale_if_error: u64,

    /// How long ago the login may be for /me to answer: seconds, or like 15m [default: any time].
    #[arg(long, env = "HALLPASS_ME_AUTH_AGE", value_name = "AGE", value_parser = parse_age)]
    pub me_auth_age: Option<Duration>,

    /// What is logged to stderr, as JSON unless that is a terminal: off, error, warn, info, debug, trace.
    #[arg(long, env = "HALLPASS_LOG", value_name = "LEVEL", default_value = "info")]
    pub log: LevelFilter,

    /// Show in the log line of each request a hash of its subject, made with the key in this file.
    #[arg(long, env = "HALLPASS_LOG_SUBJECTS", value_name = "KEY_FILE")]
    pub log_subjects: Option<PathBuf>,
}

/// Parses an age of at least one second: a number of seconds, or a number with a unit.
fn parse_age(text: &str) -> Result<Duration, String> {
    let text =
        if text.ends_with(|last: char| last.is_ascii_digit()) { format!("{text}s") } else { text.into() };
    let span: Span = text.parse().map_err(|error| format!("{error}"))?;
    if span.seconds() == 0 {
        return Err("the age must be at least one second; leave out the flag for no limit".into());
    }
    Ok(Duration::from_secs(span.seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_in_seconds_or_has_a_unit() {
        for (text, seconds) in [("300", 300), ("300s", 300), ("15m", 900), ("1d", 86_400)] {
            assert_eq!(parse_age(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "0s", "-1", "1w", "m", "1.5h"] {
            assert!(parse_age(text).is_err(), "{text}");
        }
    }
}
