//! The connection to Redis: one `AUTH.*` command per call over one multiplexed connection, which reconnects by itself.
//! The only file that knows the redis crate.
//!
//! A command is sent again only when it was certainly not sent before. While Redis is away every call fails quickly;
//! once it is back the next call succeeds.

use crate::redis_url::RedisAddress;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, Cmd, FromRedisValue, IntoConnectionInfo, ProtocolVersion, RedisError, Value, cmd};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long a connection attempt and an answer may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// The limit for one call, whatever it has to wait for.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);
/// A host that vanished without closing its connections is given up after this long.
const DEAD_PEER_TIMEOUT: Duration = Duration::from_secs(5);
/// Outages are logged at most this often.
const WARNING_INTERVAL: Duration = Duration::from_secs(5);

/// Why a command gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// `INVALIDTOKEN`: not a token of ours, or not for this caller.
    InvalidToken,
    /// `EXPIREDTOKEN`: the token or its session has expired.
    ExpiredToken,
    /// `NOSESSION`: the session has ended.
    NoSession,
    /// `REUSEDTOKEN`: an old refresh token came back; its session has been ended.
    ReusedToken,
    /// `STALETOKEN`: the session's claims have changed since the token was signed.
    StaleToken,
    /// `SESSIONLIMIT`: the session would be one too many.
    SessionLimit,
    /// `WRONGTYPE`: the subject's key holds something that is not sessions.
    WrongType,
    /// `ERR hallpass: …`: a mistake of the caller, in the module's fixed words.
    Rejected(String),
    /// Everything else: Redis is away, busy, read-only, full, or does not have the module. The reason is for the
    /// operator; it holds no argument of the command.
    Unavailable(String),
}

/// What `INFO hallpass` says about the module's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleInfo {
    /// `hallpass.key-pattern`.
    pub key_pattern: String,
    /// `hallpass.issuer`, unless it is empty.
    pub issuer: Option<String>,
    /// `hallpass.audience`, unless it is empty.
    pub audience: Option<String>,
}

/// The options of `AUTH.ISSUE`, each as the module takes it.
#[derive(Default)]
pub struct IssueOptions<'a> {
    /// CLAIMS: JSON text.
    pub claims: Option<&'a str>,
    /// AUDIENCE.
    pub audience: Option<&'a str>,
    /// CLIENT: binds the session.
    pub client: Option<&'a str>,
    /// CLASS.
    pub class: Option<&'a str>,
    /// META: JSON text.
    pub meta: Option<&'a str>,
    /// LIMIT.
    pub limit: Option<u64>,
    /// EVICT or REJECT, after LIMIT.
    pub on_limit: Option<&'a str>,
    /// SID: makes the command safe to repeat.
    pub session_id: Option<&'a str>,
    /// ACCESSTTL in seconds.
    pub access_ttl: Option<u64>,
    /// IDLETTL in seconds.
    pub idle_ttl: Option<u64>,
    /// MAXTTL in seconds.
    pub max_ttl: Option<u64>,
}

/// The answer of `AUTH.ISSUE` and `AUTH.REFRESH`.
pub struct Tokens {
    /// The access token, a JWT.
    pub access_token: String,
    /// Its remaining lifetime in seconds.
    pub expires_in: u64,
    /// The refresh token.
    pub refresh_token: String,
    /// Its remaining lifetime in seconds.
    pub refresh_expires_in: u64,
    /// The session's id.
    pub session_id: String,
    /// The sessions that had to go; only `AUTH.ISSUE` answers with it.
    pub evicted: Option<Vec<String>>,
}

/// A Redis with the module.
pub struct Store {
    connection: ConnectionManager,
    last_warning: Mutex<Option<Instant>>,
}

impl Store {
    /// Prepares the connection, which the first call then makes. Fails on an address that makes no sense. Must be
    /// called inside a tokio runtime.
    pub fn new(address: &RedisAddress) -> Result<Self, StoreError> {
        let info = address.url().into_connection_info()?;
        // RESP3 lets the manager notice a lost connection while it is idle.
        let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(DEAD_PEER_TIMEOUT);
        let client = Client::open(info.set_redis_settings(redis).set_tcp_settings(tcp))?;
        // Callers do not wait for Redis to come back; each of them triggers the next attempt.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_pipeline_buffer_size(1024);
        let connection = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self { connection, last_warning: Mutex::new(None) })
    }

    /// `INFO hallpass`: whether the module is there, and how it is configured. Its failures are the caller's to report.
    pub async fn module_info(&self) -> Result<ModuleInfo, StoreError> {
        let text: String = self.ask(cmd("INFO").arg("hallpass")).await?;
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        let missing = || StoreError::Unavailable("the hallpass module is not loaded in this Redis".into());
        Ok(ModuleInfo {
            key_pattern: field("hallpass_key_pattern").ok_or_else(missing)?,
            issuer: field("hallpass_issuer"),
            audience: field("hallpass_audience"),
        })
    }

    /// Whether Redis answers commands: not while it still loads its data.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.call(&cmd("PING")).await
    }

    /// `AUTH.ISSUE`: a new session.
    pub async fn issue(&self, key: &str, options: &IssueOptions<'_>) -> Result<Tokens, StoreError> {
        let mut command = cmd("AUTH.ISSUE");
        command.arg(key);
        option(&mut command, "CLAIMS", options.claims);
        option(&mut command, "AUDIENCE", options.audience);
        option(&mut command, "CLIENT", options.client);
        option(&mut command, "CLASS", options.class);
        option(&mut command, "META", options.meta);
        option(&mut command, "LIMIT", options.limit);
        command.arg(options.on_limit);
        option(&mut command, "SID", options.session_id);
        option(&mut command, "ACCESSTTL", options.access_ttl);
        option(&mut command, "IDLETTL", options.idle_ttl);
        option(&mut command, "MAXTTL", options.max_ttl);
        Tokens::read(self.call(&command).await?)
    }

    /// `AUTH.REFRESH`: the successor of a refresh token. `access` is the session's access token, `client` who asks.
    pub async fn refresh(
        &self,
        key: &str,
        token: &str,
        access: Option<&str>,
        client: Option<&str>,
    ) -> Result<Tokens, StoreError> {
        let mut command = cmd("AUTH.REFRESH");
        command.arg(key).arg(token);
        option(&mut command, "ACCESS", access);
        option(&mut command, "CLIENT", client);
        Tokens::read(self.call(&command).await?)
    }

    /// `AUTH.VERIFY`: the claims of a valid access token as JSON text.
    pub async fn verify(&self, key: &str, token: &str, audience: Option<&str>) -> Result<String, StoreError> {
        let mut command = cmd("AUTH.VERIFY");
        command.arg(key).arg(token);
        option(&mut command, "AUDIENCE", audience);
        self.call(&command).await
    }

    /// `AUTH.JWKS`: the public keys as a JWK Set.
    pub async fn jwks(&self) -> Result<String, StoreError> {
        self.call(&cmd("AUTH.JWKS")).await
    }

    /// Logs an outage, but not once per request.
    pub fn report(&self, error: &StoreError) {
        let StoreError::Unavailable(reason) = error else { return };
        let Ok(mut last) = self.last_warning.lock() else { return };
        if last.is_none_or(|last| last.elapsed() >= WARNING_INTERVAL) {
            *last = Some(Instant::now());
            tracing::warn!("Redis is unavailable: {reason}");
        }
    }

    /// Sends one command, reads its answer, and reports an outage.
    async fn call<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        self.ask(command).await.inspect_err(|error| self.report(error))
    }

    /// Sends one command and reads its answer.
    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        match tokio::time::timeout(CALL_TIMEOUT, self.send(command)).await {
            Ok(answer) => T::from_redis_value(answer?).map_err(|_| unexpected()),
            Err(_) => Err(StoreError::Unavailable("Redis does not answer in time".into())),
        }
    }

    /// Sends the command, and again if the connection was refused: nothing was sent then, and the refusal may be that
    /// of an attempt made while Redis was still away.
    async fn send(&self, command: &Cmd) -> Result<Value, RedisError> {
        let mut connection = self.connection.clone();
        match connection.send_packed_command(command).await {
            Err(error) if error.is_connection_refusal() => connection.send_packed_command(command).await,
            result => result,
        }?
        .extract_error()
    }
}

impl Tokens {
    /// Reads the reply map, which RESP2 and RESP3 write differently.
    fn read(mut reply: HashMap<String, Value>) -> Result<Self, StoreError> {
        fn field<T: FromRedisValue>(reply: &mut HashMap<String, Value>, name: &str) -> Result<T, StoreError> {
            let value = reply.remove(name).ok_or_else(unexpected)?;
            T::from_redis_value(value).map_err(|_| unexpected())
        }
        Ok(Self {
            access_token: field(&mut reply, "access_token")?,
            expires_in: field(&mut reply, "expires_in")?,
            refresh_token: field(&mut reply, "refresh_token")?,
            refresh_expires_in: field(&mut reply, "refresh_expires_in")?,
            session_id: field(&mut reply, "session_id")?,
            evicted: reply.contains_key("evicted").then(|| field(&mut reply, "evicted")).transpose()?,
        })
    }
}

impl From<RedisError> for StoreError {
    /// Tells the module's error codes from everything else that Redis may answer.
    fn from(error: RedisError) -> Self {
        let detail = error.detail().unwrap_or_default();
        match error.code() {
            Some("INVALIDTOKEN") => Self::InvalidToken,
            Some("EXPIREDTOKEN") => Self::ExpiredToken,
            Some("NOSESSION") => Self::NoSession,
            Some("REUSEDTOKEN") => Self::ReusedToken,
            Some("STALETOKEN") => Self::StaleToken,
            Some("SESSIONLIMIT") => Self::SessionLimit,
            Some("WRONGTYPE") => Self::WrongType,
            Some("ERR") => match detail.strip_prefix("hallpass: ") {
                Some(text) => Self::Rejected(text.to_owned()),
                // The detail repeats the arguments of an unknown command, tokens among them.
                None if detail.starts_with("unknown command") => {
                    Self::Unavailable("the hallpass module is not loaded in this Redis".into())
                }
                None => Self::Unavailable("Redis answered ERR".into()),
            },
            Some(code) => Self::Unavailable(format!("Redis answered {code}")),
            None => Self::Unavailable(error.to_string()),
        }
    }
}

/// Appends `name value` if there is a value.
fn option<T: redis::ToRedisArgs>(command: &mut Cmd, name: &str, value: Option<T>) {
    if let Some(value) = value {
        command.arg(name).arg(value);
    }
}

fn unexpected() -> StoreError {
    StoreError::Unavailable("Redis answered with something unexpected".into())
}
