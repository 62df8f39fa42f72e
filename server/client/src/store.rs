//! The connection to Redis: one `AUTH.*` command per call.
//!
//! A command is sent again only when it was certainly not carried out before; AUTH.REFRESH alone may be repeated.

use crate::address::Address;
use crate::connection::Connection;
use crate::reply::{Members, inspected, session, tokens, unexpected};
use crate::wire::{
    CommandError, Inspected, IssueOptions, ModuleInfo, NodeInfo, Page, Revocation, Session, Tokens,
};
use redis::{Arg, Cmd, FromRedisValue, RedisError, Value, cmd};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The limit for one call, whatever it has to wait for.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);
/// Outages are logged at most this often.
const WARNING_INTERVAL: Duration = Duration::from_secs(5);

/// A Redis with the module.
pub struct Hallpass {
    connection: Connection,
    last_warning: Mutex<Option<Instant>>,
    observer: Option<Arc<dyn Observer>>,
}

/// Is told how long each command took.
pub trait Observer: Send + Sync {
    /// A command was answered, or was not: `outcome` is `ok`, `refused` or `unavailable`.
    fn answered(&self, command: &str, outcome: &'static str, elapsed: Duration);
}

impl Hallpass {
    /// Prepares the connection, which the first call then makes. Fails on an address that makes no sense. Must be
    /// called inside a tokio runtime.
    pub fn new(address: &Address) -> Result<Self, CommandError> {
        let connection = Connection::new(address)?;
        Ok(Self { connection, last_warning: Mutex::new(None), observer: None })
    }

    /// The same, with somebody who is told about every command.
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// `INFO hallpass cluster`, of any node of a cluster: whether the module is there, and how it is configured. Its
    /// failures are the caller's to report.
    pub async fn module_info(&self) -> Result<ModuleInfo, CommandError> {
        let info: String = self.ask(cmd("INFO").arg("hallpass").arg("cluster")).await?;
        ModuleInfo::parse(&info).ok_or_else(CommandError::no_module)
    }

    /// `INFO hallpass` as text, of every node of a cluster; empty without the module. Reports failures.
    pub async fn infos(&self) -> Vec<NodeInfo> {
        let mut command = cmd("INFO");
        command.arg("hallpass");
        let Some(answers) = self.connection.send_to_all(&command).await else {
            return vec![NodeInfo { node: None, info: self.call(&command).await.ok() }];
        };
        let read = |(node, answer): (String, Result<Value, RedisError>)| {
            let info = answer.map_err(CommandError::from).inspect_err(|error| self.report(error)).ok();
            NodeInfo { node: Some(node), info: info.and_then(|info| String::from_redis_value(info).ok()) }
        };
        answers.into_iter().map(read).collect()
    }

    /// Whether Redis answers commands: not while it still loads its data. Failures are the caller's to report.
    pub async fn ping(&self) -> Result<(), CommandError> {
        self.ask(&cmd("PING")).await
    }

    /// `AUTH.ISSUE`: a new session.
    pub async fn issue(&self, key: &str, options: &IssueOptions<'_>) -> Result<Tokens, CommandError> {
        let mut command = about("AUTH.ISSUE", key);
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
    ) -> Result<Tokens, CommandError> {
        let mut command = about("AUTH.REFRESH", key);
        command.arg(token);
        option(&mut command, "ACCESS", access);
        option(&mut command, "CLIENT", client);
        self.call_repeatable(&command).await.and_then(tokens)
    }

    /// `AUTH.VERIFY`: the claims of a valid access token as JSON text.
    pub async fn verify(
        &self,
        key: &str,
        token: &str,
        audience: Option<&str>,
    ) -> Result<String, CommandError> {
        let mut command = about("AUTH.VERIFY", key);
        command.arg(token);
        option(&mut command, "AUDIENCE", audience);
        self.call(&command).await
    }

    /// `AUTH.INSPECT`: what a refresh token would be answered.
    pub async fn inspect(&self, key: &str, token: &str) -> Result<Inspected, CommandError> {
        self.call(about("AUTH.INSPECT", key).arg(token)).await.and_then(inspected)
    }

    /// `AUTH.SESSIONS`: a subject's sessions, newest first, with their claims if these are wanted.
    pub async fn sessions(
        &self,
        key: &str,
        page: Page<'_>,
        with_claims: bool,
    ) -> Result<Vec<Session>, CommandError> {
        let mut command = about("AUTH.SESSIONS", key);
        command.arg(with_claims.then_some("WITHCLAIMS"));
        option(&mut command, "OFFSET", page.offset);
        option(&mut command, "COUNT", page.count);
        let entries: Vec<Members> = self.call(&command).await?;
        entries.into_iter().map(session).collect()
    }

    /// `AUTH.REVOKE`: how many live sessions it ended.
    pub async fn revoke(&self, key: &str, revocation: Revocation<'_>) -> Result<u64, CommandError> {
        let mut command = about("AUTH.REVOKE", key);
        match revocation {
            Revocation::All { except } => option(command.arg("ALL"), "EXCEPT", except),
            Revocation::Session(sid) => option(&mut command, "SESSION", Some(sid)),
            Revocation::Token { token, client } => option(command.arg("TOKEN").arg(token), "CLIENT", client),
        }
        self.call(&command).await
    }

    /// `AUTH.SETCLAIMS`: how many sessions it updated, all of the subject's or the one of this id.
    pub async fn set_claims(&self, key: &str, sid: Option<&str>, claims: &str) -> Result<u64, CommandError> {
        self.call(about("AUTH.SETCLAIMS", key).arg(sid.unwrap_or("ALL")).arg(claims)).await
    }

    /// `AUTH.JWKS`: the public keys as a JWK Set.
    pub async fn jwks(&self) -> Result<String, CommandError> {
        self.call(&cmd("AUTH.JWKS")).await
    }

    /// Logs an outage, but not once per request.
    pub fn report(&self, error: &CommandError) {
        let CommandError::Unavailable(reason) = error else { return };
        let Ok(mut last) = self.last_warning.lock() else { return };
        if last.is_none_or(|last| last.elapsed() >= WARNING_INTERVAL) {
            *last = Some(Instant::now());
            tracing::warn!("Redis is unavailable: {reason}");
        }
    }

    /// Sends one command, reads its answer, and reports an outage.
    async fn call<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CommandError> {
        self.ask(command).await.inspect_err(|error| self.report(error))
    }

    /// The same for AUTH.REFRESH, whose repetition is answered as a retry: when no answer came it is sent once more,
    /// within the same limit. Where a retry is not answered, the caller's own would have been one too.
    async fn call_repeatable<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CommandError> {
        let sent = pin!(async {
            match self.connection.send(command).await {
                Err(error) if is_unanswered(&error) => self.connection.send(command).await,
                result => result,
            }
        });
        self.timed(command, sent).await.inspect_err(|error| self.report(error))
    }

    /// Sends one command and reads its answer.
    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CommandError> {
        self.timed(command, pin!(self.connection.send(command))).await
    }

    /// Waits for the answer to a command, and remembers how long that took. What was sent is passed pinned: passed as it
    /// is, it would be kept twice in the future of every request, which is copied.
    async fn timed<T: FromRedisValue>(
        &self,
        command: &Cmd,
        sent: Pin<&mut impl Future<Output = Result<Value, RedisError>>>,
    ) -> Result<T, CommandError> {
        let start = Instant::now();
        let answer = in_time(sent).await;
        let Some(observer) = &self.observer else { return answer };
        let outcome = match &answer {
            Ok(_) => "ok",
            Err(CommandError::Unavailable(_)) => "unavailable",
            Err(_) => "refused",
        };
        observer.answered(name(command), outcome, start.elapsed());
        answer
    }
}

/// The answer to what was sent, if it comes within the limit for one call.
async fn in_time<T: FromRedisValue>(
    sent: impl Future<Output = Result<Value, RedisError>>,
) -> Result<T, CommandError> {
    match tokio::time::timeout(CALL_TIMEOUT, sent).await {
        Ok(answer) => T::from_redis_value(answer?).map_err(|_| unexpected()),
        Err(_) => Err(CommandError::Unavailable("Redis does not answer in time".into())),
    }
}

/// Whether the command may have been carried out although no answer came.
fn is_unanswered(error: &RedisError) -> bool {
    error.is_timeout() || (error.is_connection_dropped() && !error.is_connection_refusal())
}

/// The name of a command, its first word.
fn name(command: &Cmd) -> &str {
    match command.args_iter().next() {
        Some(Arg::Simple(name)) => str::from_utf8(name).unwrap_or_default(),
        _ => "",
    }
}

/// A command about a key, with room for tokens and options of the usual length.
fn about(name: &str, key: &str) -> Cmd {
    let mut command = Cmd::with_capacity(8, 1024);
    command.arg(name).arg(key);
    command
}

/// Appends `name value` if there is a value.
fn option<T: redis::ToRedisArgs>(command: &mut Cmd, name: &str, value: Option<T>) {
    if let Some(value) = value {
        command.arg(name).arg(value);
    }
}
