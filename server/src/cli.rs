//! The command line. Every flag of `serve` has an environment variable `HALLPASS_*` of the same name.

use crate::embedded::Setting;
use crate::http::cookie::SameSite;
use crate::listener::ListenAddress;
use crate::middleware::cors::parse_origin;
use crate::middleware::source::parse_network;
use anyhow::{Result, bail};
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, error::ErrorKind};
use hallpass_admin::clients::ClientsCommand;
use hallpass_admin::keys::{KeysCommand, Span};
use hallpass_engine::keys::Algorithm;
use hallpass_issuers::IssuersCommand;
use ipnet::IpNet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tracing::level_filters::LevelFilter;

/// HTTP front of Hallpass: sessions, rotating refresh tokens and JWT access tokens, kept in Redis.
#[derive(Debug, Parser)]
#[command(name = "hallpass-server", version)]
#[command(
    after_help = "Without a command, `serve` is meant: `hallpass-server serve --help` lists its flags."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve HTTP (the default): with a private Redis, or with the one that --redis-url names.
    Serve(Box<Serve>),
    /// Make, rotate, list and prune the keys of a keyring file.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Manage the clients that may issue, introspect and manage sessions.
    #[command(subcommand)]
    Clients(ClientsCommand),
    /// Check the outside issuers whose tokens open sessions.
    #[command(subcommand)]
    Issuers(IssuersCommand),
    /// Ask a running server whether it is ready; the exit code is the answer.
    Healthcheck(Healthcheck),
}

/// The flags of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address and port to listen on, or unix:/path; port 0 takes a free one.
    #[arg(long, env = "HALLPASS_LISTEN", value_name = "ADDRESS", default_value = DEFAULT_LISTEN)]
    pub listen: ListenAddress,

    /// Another address, or unix:/path, that has every route. Those for the operator are then no longer at --listen.
    #[arg(long, env = "HALLPASS_ADMIN_LISTEN", value_name = "ADDRESS")]
    pub admin_listen: Option<ListenAddress>,

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

    /// The module, libhallpass.so [default: beside this program]. Not with --redis-url.
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

    /// How long ago the login may be for /me to answer: seconds, or like 15m [default: any time].
    #[arg(long, env = "HALLPASS_ME_AUTH_AGE", value_name = "AGE", value_parser = parse_age)]
    pub me_auth_age: Option<Duration>,

    /// What is logged to stderr, as JSON unless that is a terminal: off, error, warn, info, debug, trace.
    #[arg(long, env = "HALLPASS_LOG", value_name = "LEVEL", default_value = "info")]
    pub log: LevelFilter,
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

/// Where the server listens unless told otherwise.
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// The flags of `healthcheck`.
#[derive(Debug, Args)]
pub struct Healthcheck {
    /// Where the server listens.
    #[arg(long, env = "HALLPASS_LISTEN", value_name = "ADDRESS", default_value = DEFAULT_LISTEN)]
    pub listen: ListenAddress,

    /// Where it has the routes for the operator, if that is elsewhere.
    #[arg(long, env = "HALLPASS_ADMIN_LISTEN", value_name = "ADDRESS")]
    pub admin_listen: Option<ListenAddress>,
}

impl Cli {
    /// Reads the command line. `Ok(None)` when help or the version was asked for, and printed.
    pub fn read(arguments: impl Iterator<Item = OsString>) -> Result<Option<Self>> {
        match Self::try_parse_from(with_default_command(arguments)) {
            Ok(cli) => Ok(Some(cli)),
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                // A closed stdout is no reason to fail.
                let _ = error.print();
                Ok(None)
            }
            Err(error) => bail!(message(&error.render().to_string())),
        }
    }
}

/// Inserts `serve` where no command is given, so that its flags need no command.
fn with_default_command(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = arguments.collect();
    let first = arguments.get(1).map(|argument| argument.to_string_lossy());
    let asks_for_help = matches!(first.as_deref(), Some("-h" | "--help" | "-V" | "--version"));
    if !asks_for_help && first.is_none_or(|first| first.starts_with('-')) {
        arguments.insert(arguments.len().min(1), "serve".into());
    }
    arguments
}

/// Returns the message of a clap error without the usage lines that follow it.
fn message(rendered: &str) -> String {
    let is_message = |line: &&str| !line.starts_with("Usage:") && !line.starts_with("For more information");
    let message: Vec<_> = rendered.lines().take_while(is_message).collect();
    message.join(" ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn read(line: &str) -> Result<Option<Cli>> {
        Cli::read(line.split(' ').map(OsString::from))
    }

    #[test]
    fn clap_finds_no_mistake() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_the_default() {
        for line in ["hallpass-server", "hallpass-server --listen 127.0.0.1:0", "hallpass-server serve"] {
            let cli = read(line).expect("valid").expect("no help");
            assert!(matches!(cli.command, Command::Serve(_)), "{line}");
        }
    }

    #[test]
    fn a_mistake_is_one_clear_line() {
        let failure = read("hallpass-server --listen nowhere").expect_err("not an address").to_string();
        assert!(failure.contains("'nowhere'") && failure.contains("--listen"), "{failure}");
        assert!(!failure.contains("Usage"), "{failure}");
        let failure = read("hallpass-server keys generate").expect_err("no keyring").to_string();
        assert!(failure.contains("--keyring"), "{failure}");
    }

    #[test]
    fn lists_are_repeated_or_separated_by_commas() {
        let line = "hallpass-server --trusted-proxy 10.0.0.0/8,::1 --trusted-proxy 192.0.2.1 --dev-cookie \
                    --allowed-origin https://a.example --allowed-origin https://b.example";
        let Command::Serve(flags) = read(line).expect("valid").expect("no help").command else {
            panic!("not serve")
        };
        assert_eq!((flags.trusted_proxy.len(), flags.allowed_origin.len()), (3, 2));
        assert!(flags.dev_cookie);
        assert_eq!(flags.rate_limit, 50);
        for wrong in ["--trusted-proxy proxy", "--allowed-origin *", "--rate-limit -1"] {
            assert!(read(&format!("hallpass-server {wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_age_is_in_seconds_or_has_a_unit() {
        for (text, seconds) in [("300", 300), ("300s", 300), ("15m", 900), ("1d", 86_400)] {
            assert_eq!(parse_age(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "0s", "-1", "1w", "m", "1.5h"] {
            assert!(parse_age(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_algorithm_is_refused() {
        for command in ["generate", "rotate"] {
            assert!(read(&format!("hallpass-server keys {command} --keyring k --alg none")).is_err());
        }
    }

    #[test]
    fn a_malformed_duration_is_refused_with_a_hint() {
        let failure = read("hallpass-server keys rotate --keyring k --activate-in 1w").expect_err("refused");
        let failure = failure.to_string();
        assert!(failure.contains("--activate-in") && failure.contains("like 24h"), "{failure}");
    }
}
