//! The primary that Sentinels name: asked for once, and again when an answer hints that it is another one now.

use crate::address::SentinelAddress;
use crate::connection::{hints_at_change, was_not_carried_out};
use crate::node::{Node, tcp_settings};
use crate::rediscovery::Rediscovery;
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisError, RedisResult, TlsMode, Value};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long the Sentinels, and the primary's confirmation, may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

/// A primary under Sentinels.
pub struct Sentinel(Arc<Shared>);

struct Shared {
    sentinels: Mutex<SentinelClient>,
    /// The primary, or why there is none.
    primary: RwLock<RedisResult<Arc<Node>>>,
    rediscovery: Rediscovery,
}

impl Sentinel {
    /// Prepares to ask the Sentinels. Fails on an address that makes no sense.
    pub fn new(address: &SentinelAddress) -> RedisResult<Self> {
        let sentinels = address.sentinels.iter().map(|url| url.as_str().into_connection_info());
        let client = SentinelClient::build(
            sentinels.collect::<RedisResult<_>>()?,
            &address.master,
            Some(primary_settings(&address.server)?),
            SentinelServerType::Master,
        )?;
        Ok(Self(Arc::new(Shared {
            sentinels: Mutex::new(client),
            primary: RwLock::new(Err(not_found("the Sentinels were not asked yet"))),
            rediscovery: Rediscovery::new(),
        })))
    }

    /// Sends a command to the primary, and once more if it came to nothing there and another one is primary now.
    pub async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let seen = self.0.rediscovery.rounds();
        let former = self.0.primary();
        let result = match &former {
            Ok(primary) => primary.send(command).await,
            Err(error) => Err(error.clone()),
        };
        let Err(error) = &result else { return result };
        if former.is_ok() && !hints_at_change(error) {
            return result;
        }
        let shared = self.0.clone();
        // It goes on when the caller does not wait.
        let look =
            tokio::spawn(async move { shared.rediscovery.look_unless_after(seen, shared.look()).await });
        if former.is_ok() && !was_not_carried_out(error) {
            return result;
        }
        // It fails only when the server stops.
        let _ = look.await;
        match (self.0.primary(), former) {
            (Ok(heir), Ok(former)) if Arc::ptr_eq(&heir, &former) => result,
            (Ok(heir), _) => heir.send(command).await,
            (Err(error), _) => Err(error),
        }
    }
}

impl Shared {
    fn primary(&self) -> RedisResult<Arc<Node>> {
        self.primary.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the Sentinels. The connection stays while the primary is the same, and also while there is none: a former
    /// primary may still verify.
    async fn look(&self) {
        let found = self.ask().await;
        let mut primary = self.primary.write().unwrap_or_else(PoisonError::into_inner);
        let is_settled = match (&*primary, &found) {
            (Ok(known), Ok(found)) => known.address() == found.address(),
            (known, _) => known.is_ok(),
        };
        if !is_settled {
            *primary = found;
        }
    }

    /// The primary according to the Sentinels and to itself.
    async fn ask(&self) -> RedisResult<Arc<Node>> {
        let mut sentinels = self.sentinels.lock().await;
        let answer = timeout(LOOK_TIMEOUT, sentinels.async_get_client()).await;
        let client = answer.map_err(|_| not_found("the Sentinels do not answer in time"))??;
        Node::new(client.get_connection_info().clone()).map(Arc::new)
    }
}

/// What a connection to the primary needs besides its address, which the Sentinels know.
fn primary_settings(url: &str) -> RedisResult<SentinelNodeConnectionInfo> {
    let info = url.into_connection_info()?;
    let settings = SentinelNodeConnectionInfo::default()
        .set_redis_connection_info(info.redis_settings().clone())
        .set_tcp_settings(tcp_settings());
    Ok(match info.addr() {
        ConnectionAddr::TcpTls { .. } => settings.set_tls_mode(TlsMode::Secure),
        _ => settings,
    })
}

fn not_found(why: &'static str) -> RedisError {
    (ErrorKind::MasterNameNotFoundBySentinel, why).into()
}
