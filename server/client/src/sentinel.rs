//! The primary that Sentinels name: asked for once, again when an answer hints that another node has taken over, and
//! again when most of the Sentinels say so.

use crate::address::SentinelAddress;
use crate::failover::{Directory, Failover};
use crate::limits::{FOLLOW_PACE, LOOK_UP};
use crate::node::{Node, tcp_settings};
use crate::security::Security;
use crate::sentinel_majority::SentinelMajority;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError, RedisResult, TlsMode, Value};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

/// A primary under Sentinels.
pub struct Sentinel {
    failover: Failover<Sentinels>,
    following: AbortHandle,
}

/// The Sentinels, and the primary that they named last.
struct Sentinels {
    client: Mutex<SentinelClient>,
    majority: SentinelMajority,
    /// The primary, or why there is none.
    primary: RwLock<RedisResult<Arc<Node>>>,
}

impl Sentinel {
    /// Prepares to ask the Sentinels. Fails on an address that makes no sense. Must be called inside a tokio runtime.
    pub fn new(address: &SentinelAddress, security: &Security) -> RedisResult<Self> {
        let sentinels = address.sentinels.iter().map(|url| security.certified(url));
        let sentinels = sentinels.collect::<RedisResult<Vec<_>>>()?;
        let failover = Failover::new(Sentinels {
            client: Mutex::new(client(&sentinels, address, security)?),
            majority: SentinelMajority::new(&address.master, &sentinels)?,
            primary: RwLock::new(Err(not_found("the Sentinels were not asked yet"))),
        });
        let following = tokio::spawn(follow(failover.clone())).abort_handle();
        Ok(Self { failover, following })
    }

    /// Sends a command to the primary, and once more if it was not carried out there and another node has taken over.
    pub async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        self.failover.send((), command).await
    }

    /// Asks the Sentinels in the background.
    pub fn look_up(&self) {
        self.failover.look_up(self.failover.rounds());
    }

    /// Returns the primary that was named last, if any was.
    pub fn primary(&self) -> Option<Arc<Node>> {
        self.failover.directory().in_charge(()).ok()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// Looks for the primary again when most of the Sentinels name another one. A former primary that is healthy gives no
/// hint, and takes commands, which are lost, until it is made a replica: ten seconds later.
async fn follow(failover: Failover<Sentinels>) {
    loop {
        sleep(FOLLOW_PACE).await;
        let Ok(known) = failover.directory().in_charge(()) else { continue };
        let named = failover.directory().majority.primary().await;
        if named.is_some_and(|named| named != known.address()) {
            // It fails only when the runtime stops.
            let _ = failover.look_up(failover.rounds()).await;
        }
    }
}

impl Directory for Sentinels {
    type Place = ();

    fn in_charge(&self, (): ()) -> RedisResult<Arc<Node>> {
        self.primary.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The connection stays while the primary is the same, and also while there is none: a former primary may still
    /// verify.
    async fn look_up(&self, _round: usize) {
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

    async fn attempt(_: &Failover<Self>, (): (), primary: Arc<Node>, command: &Cmd) -> RedisResult<Value> {
        primary.send(command).await
    }
}

impl Sentinels {
    /// Returns the primary according to the Sentinels and to itself.
    async fn ask(&self) -> RedisResult<Arc<Node>> {
        let mut client = self.client.lock().await;
        let answer = timeout(LOOK_UP, client.async_get_client()).await;
        let client = answer.map_err(|_| not_found("the Sentinels do not answer in time"))??;
        Node::new(client.get_connection_info().clone()).map(Arc::new)
    }
}

/// Returns the client that asks the Sentinels. All of them have the same credentials; the primary has others, and whatever
/// else stands in the address.
fn client(
    sentinels: &[ConnectionInfo],
    address: &SentinelAddress,
    security: &Security,
) -> RedisResult<SentinelClient> {
    let own = sentinels.first().map(|info| info.redis_settings().clone()).unwrap_or_default();
    let primary = security.secured(&address.server)?;
    let addresses = sentinels.iter().map(|info| info.addr().clone());
    let mut builder = SentinelClientBuilder::new(addresses, &address.master, SentinelServerType::Master)?
        .set_client_to_redis_db(primary.redis_settings().db())
        .set_client_to_redis_tcp_settings(tcp_settings());
    if let Some(username) = own.username() {
        builder = builder.set_client_to_sentinel_username(username);
    }
    if let Some(password) = own.password() {
        builder = builder.set_client_to_sentinel_password(password);
    }
    if let Some(username) = primary.redis_settings().username() {
        builder = builder.set_client_to_redis_username(username);
    }
    if let Some(password) = primary.redis_settings().password() {
        builder = builder.set_client_to_redis_password(password);
    }
    if let ConnectionAddr::TcpTls { .. } = primary.addr() {
        builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
    }
    if let Some(certificates) = security.certificates() {
        builder = builder.set_client_to_redis_certificates(certificates);
    }
    builder.build()
}

fn not_found(why: &'static str) -> RedisError {
    (ErrorKind::MasterNameNotFoundBySentinel, why).into()
}
