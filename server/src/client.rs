//! The connection to Redis: one `AUTH.*` command per call over one multiplexed connection, which reconnects by itself.
//! The only file that knows the redis crate.
//!
//! A command is sent again only when it was certainly not sent before; AUTH.REFRESH alone may be repeated. While Redis
//! is away every call fails quickly; once it is back the next call succeeds.

use crate::metrics::Timings;
use crate::redis_url::RedisAddress;
use crate::wire::{Inspected, IssueOptions, ModuleInfo, Page, Revocation, Session, StoreError, Tokens};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Arg, Client, Cmd, FromRedisValue, IntoConnectionInfo, ProtocolVersion, RedisError, Value, cmd};
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

/// A Redis with the module.
pub struct Store {
    connection: ConnectionManager,
    last_warning: Mutex<Option<Instant>>,
    timings: Timings<2>,
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
        let timings = Timings::new(["command", "outcome"]);
        Ok(Self { connection, last_warning: Mutex::new(None), timings })
    }

    /// `INFO hallpass`: whether the module is there, and how it is configured. Its failures are the caller's to report.
    pub async fn module_info(&self) -> Result<ModuleInfo, StoreError> {
        ModuleInfo::parse(&self.info().await?).ok_or_else(StoreError::no_module)
    }

    /// `INFO hallpass` as text; empty without the module. Its failures are the caller's to report.
    pub async fn info(&self) -> Result<String, StoreError> {
        self.ask(cmd("INFO").arg("hallpass")).await
    }

    /// How long the commands took so far, by command and outcome.
    pub fn timings(&self) -> &Timings<2> {
        &self.timings
    }

    /// Whether Redis answers commands: not while it still loads its data. Failures are the caller's to report.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.ask(&cmd("PING")).await
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
        self.call(&command).await.and_then(tokens)
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
        self.call_repeatable(&command).await.and_then(tokens)
    }

    /// `AUTH.VERIFY`: the claims of a valid access token as JSON text.
    pub async fn verify(&self, key: &str, token: &str, audience: Option<&str>) -> Result<String, StoreError> {
        let mut command = cmd("AUTH.VERIFY");
        command.arg(key).arg(token);
        option(&mut command, "AUDIENCE", audience);
        self.call(&command).await
    }

    /// `AUTH.INSPECT`: what a refresh token would be answered.
    pub async fn inspect(&self, key: &str, token: &str) -> Result<Inspected, StoreError> {
        self.call(cmd("AUTH.INSPECT").arg(key).arg(token)).await.and_then(inspected)
    }

    /// `AUTH.SESSIONS`: a subject's sessions, newest first, with their claims if these are wanted.
    pub async fn sessions(
        &self,
        key: &str,
        page: Page<'_>,
        with_claims: bool,
    ) -> Result<Vec<Session>, StoreError> {
        let mut command = cmd("AUTH.SESSIONS");
        command.arg(key).arg(with_claims.then_some("WITHCLAIMS"));
        option(&mut command, "OFFSET", page.offset);
        option(&mut command, "COUNT", page.count);
        let entries: Vec<Members> = self.call(&command).await?;
        entries.into_iter().map(session).collect()
    }

    /// `AUTH.REVOKE`: how many live sessions it ended.
    pub async fn revoke(&self, key: &str, revocation: Revocation<'_>) -> Result<u64, StoreError> {
        let mut command = cmd("AUTH.REVOKE");
        command.arg(key);
        match revocation {
            Revocation::All { except } => option(command.arg("ALL"), "EXCEPT", except),
            Revocation::Session(sid) => option(&mut command, "SESSION", Some(sid)),
            Revocation::Token { token, client } => option(command.arg("TOKEN").arg(token), "CLIENT", client),
        }
        self.call(&command).await
    }

    /// `AUTH.SETCLAIMS`: how many sessions it updated, all of the subject's or the one of this id.
    pub async fn set_claims(&self, key: &str, sid: Option<&str>, claims: &str) -> Result<u64, StoreError> {
        self.call(cmd("AUTH.SETCLAIMS").arg(key).arg(sid.unwrap_or("ALL")).arg(claims)).await
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

    /// The same for AUTH.REFRESH, whose repetition is answered as a retry: when no answer came it is sent once more,
    /// within the same limit. Where a retry is not answered, the caller's own would have been one too.
    async fn call_repeatable<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let sent = async {
            match self.send(command).await {
                Err(error) if is_unanswered(&error) => self.send(command).await,
                result => result,
            }
        };
        self.timed(command, in_time(sent)).await.inspect_err(|error| self.report(error))
    }

    /// Sends one command and reads its answer.
    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        self.timed(command, in_time(self.send(command))).await
    }

    /// Waits for the answer to a command, and remembers how long that took.
    async fn timed<T>(
        &self,
        command: &Cmd,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let start = Instant::now();
        let answer = answer.await;
        let outcome = match &answer {
            Ok(_) => "ok",
            Err(StoreError::Unavailable(_)) => "unavailable",
            Err(_) => "refused",
        };
        self.timings.observe([name(command).into(), outcome.into()], start.elapsed());
        answer
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

/// The answer to what was sent, if it comes within the limit for one call.
async fn in_time<T: FromRedisValue>(
    sent: impl Future<Output = Result<Value, RedisError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(CALL_TIMEOUT, sent).await {
        Ok(answer) => T::from_redis_value(answer?).map_err(|_| unexpected()),
        Err(_) => Err(StoreError::Unavailable("Redis does not answer in time".into())),
    }
}

/// Whether the command may have been carried out although no answer came.
fn is_unanswered(error: &RedisError) -> bool {
    error.is_timeout() || (error.is_connection_dropped() && !error.is_connection_refusal())
}

/// A reply map, which RESP2 and RESP3 write differently.
type Members = HashMap<String, Value>;

/// Reads the reply of AUTH.ISSUE and AUTH.REFRESH.
fn tokens(mut reply: Members) -> Result<Tokens, StoreError> {
    Ok(Tokens {
        access_token: member(&mut reply, "access_token")?,
        expires_in: member(&mut reply, "expires_in")?,
        refresh_token: member(&mut reply, "refresh_token")?,
        refresh_expires_in: member(&mut reply, "refresh_expires_in")?,
        session_id: member(&mut reply, "session_id")?,
        evicted: member(&mut reply, "evicted")?,
    })
}

/// Reads an entry of AUTH.SESSIONS.
fn session(mut entry: Members) -> Result<Session, StoreError> {
    Ok(Session {
        sid: member(&mut entry, "sid")?,
        class: member(&mut entry, "class")?,
        client: member(&mut entry, "client")?,
        meta: member(&mut entry, "meta")?,
        claims: member(&mut entry, "claims")?,
        issued_at: member(&mut entry, "issued_at")?,
        last_used_at: member(&mut entry, "last_used_at")?,
        expires_at: member(&mut entry, "expires_at")?,
        ends_at: member(&mut entry, "ends_at")?,
        generation: member(&mut entry, "gen")?,
    })
}

/// Reads the reply of AUTH.INSPECT.
fn inspected(mut reply: Members) -> Result<Inspected, StoreError> {
    Ok(Inspected {
        is_active: member(&mut reply, "active")?,
        sub: member(&mut reply, "sub")?,
        sid: member(&mut reply, "sid")?,
        exp: member(&mut reply, "exp")?,
        iat: member(&mut reply, "iat")?,
        aud: member(&mut reply, "aud")?,
        client_id: member(&mut reply, "client_id")?,
        scope: member(&mut reply, "scope")?,
    })
}

/// Takes one member; an absent one is right only where it may be `None`.
fn member<T: FromRedisValue>(reply: &mut Members, name: &str) -> Result<T, StoreError> {
    T::from_redis_value(reply.remove(name).unwrap_or(Value::Nil)).map_err(|_| unexpected())
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        match error.code() {
            Some(code) => Self::from_reply(code, error.detail().unwrap_or_default()),
            None => Self::Unavailable(error.to_string()),
        }
    }
}

/// The name of a command, its first word.
fn name(command: &Cmd) -> String {
    match command.args_iter().next() {
        Some(Arg::Simple(name)) => String::from_utf8_lossy(name).into_owned(),
        _ => String::new(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use redis::parse_redis_value;

    fn error(reply: &str) -> StoreError {
        let value = parse_redis_value(reply.as_bytes()).expect("a reply");
        value.extract_error().expect_err("an error").into()
    }

    #[test]
    fn an_error_reply_is_read_by_its_code() {
        assert_eq!(error("-NOSESSION the session has ended\r\n"), StoreError::NoSession);
        assert_eq!(error("-WRONGTYPE no sessions\r\n"), StoreError::WrongType);
        assert_eq!(error("-ERR hallpass: syntax error\r\n"), StoreError::Rejected("syntax error".into()));
        for reply in [
            "-ERR unknown command 'AUTH.VERIFY', with args beginning with: 'hp1.secret'\r\n",
            "-OOM full\r\n",
        ] {
            let StoreError::Unavailable(reason) = error(reply) else { panic!("{reply}") };
            assert!(!reason.contains("secret"), "{reason}");
        }
    }

    #[test]
    fn tokens_are_read_from_both_protocols() {
        let members = "$12\r\naccess_token\r\n$1\r\na\r\n$10\r\nexpires_in\r\n:900\r\n$13\r\nrefresh_token\r\n$1\r\nr\r\n\
                       $18\r\nrefresh_expires_in\r\n:7\r\n$10\r\nsession_id\r\n$1\r\ns\r\n";
        for head in ["%5\r\n", "*10\r\n"] {
            let value = parse_redis_value(format!("{head}{members}").as_bytes()).expect("a reply");
            let tokens = tokens(HashMap::from_redis_value(value).expect("a map")).expect("tokens");
            assert_eq!((tokens.expires_in, tokens.refresh_expires_in, tokens.evicted), (900, 7, None));
        }
        assert!(tokens(HashMap::new()).is_err());
    }

    #[test]
    fn what_is_not_set_may_be_absent_and_what_must_be_there_may_not() {
        let read = |reply: &str| {
            let value = parse_redis_value(reply.as_bytes()).expect("a reply");
            inspected(HashMap::from_redis_value(value).expect("a map"))
        };
        let gone = "$3\r\nsub\r\n$1\r\nu\r\n$3\r\nsid\r\n$1\r\ns\r\n";
        for active in ["%3\r\n$6\r\nactive\r\n#f\r\n", "*6\r\n$6\r\nactive\r\n:0\r\n"] {
            let read = read(&format!("{active}{gone}")).expect("complete");
            assert_eq!((read.is_active, read.exp, read.sid.as_str()), (false, None, "s"));
        }
        assert!(read("%1\r\n$6\r\nactive\r\n#f\r\n").is_err());
    }
}
