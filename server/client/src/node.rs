//! One Redis server: a multiplexed connection, which reconnects by itself, and a few more for slow signatures.
//!
//! A command is sent again only when it was certainly not sent before. While the server is away every call fails
//! quickly; once it is back the next call succeeds.

use crate::contract::command::SIGNED;
use crate::limits::DEAD_PEER;
use crate::local::{Link, Settings};
use crate::request::name;
use crate::shared_connection::SharedConnection;
use crate::signing_lanes::SigningLanes;
use redis::io::tcp::TcpSettings;
use redis::{Client, Cmd, IntoConnectionInfo, ProtocolVersion, RedisResult, Value};
use std::sync::{Arc, OnceLock};

/// A Redis server.
pub struct Node {
    address: String,
    client: Client,
    connection: SharedConnection,
    signing: SigningLanes,
    /// Another connection, which also listens.
    link: OnceLock<Arc<Link>>,
}

impl Node {
    /// Prepares the connection, which the first command then makes. Fails on an address that makes no sense. Must be
    /// called inside a tokio runtime.
    pub fn new(info: impl IntoConnectionInfo) -> RedisResult<Self> {
        let info = info.into_connection_info()?;
        // RESP3 lets the manager notice a lost connection while it is idle.
        let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let address = info.addr().to_string();
        let client = Client::open(info.set_redis_settings(redis).set_tcp_settings(tcp_settings()))?;
        let (connection, signing) = (SharedConnection::new(&client)?, SigningLanes::new(&client)?);
        Ok(Self { address, client, connection, signing, link: OnceLock::new() })
    }

    /// Returns `host:port`, or the path of a socket.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns what makes further connections to this server.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the address without its port.
    pub fn host(&self) -> &str {
        self.address.rsplit_once(':').map_or(&self.address, |(host, _)| host)
    }

    /// Returns the connection that listens, which is made from the first time on.
    pub fn link(&self, settings: &Arc<Settings>, is_in_cluster: bool) -> &Arc<Link> {
        self.link.get_or_init(|| {
            let host = is_in_cluster.then(|| self.host().to_owned());
            Arc::new(Link::start(&self.address, self.client.clone(), host, Arc::clone(settings)))
        })
    }

    /// Returns the connection that listens, if there is one already.
    pub fn known_link(&self) -> Option<&Link> {
        self.link.get().map(|link| &**link)
    }

    /// Sends a command, over another connection than the rest if its answer may have to be signed slowly.
    pub async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        if SIGNED.contains(&name(command)) {
            self.signing.send(command, &self.connection).await
        } else {
            self.connection.send(command).await
        }
    }

    /// Sends a command for a slot that is on its way to this node.
    pub async fn send_asking(&self, command: &Cmd) -> RedisResult<Value> {
        self.connection.send_asking(command).await
    }

    /// Returns whether the last command got no answer.
    pub fn is_silent(&self) -> bool {
        self.connection.is_silent()
    }
}

/// Returns the settings that keep a connection alive, and notice when it is not.
pub fn tcp_settings() -> TcpSettings {
    TcpSettings::default().set_nodelay(true).set_user_timeout(DEAD_PEER)
}
