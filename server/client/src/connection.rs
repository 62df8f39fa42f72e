//! A Redis of any kind: one server, the primary that Sentinels name, or a cluster.

use crate::address::Address;
use crate::cluster::Cluster;
use crate::node::Node;
use crate::sentinel::Sentinel;
use redis::{Cmd, RedisResult, Value};
use std::sync::Arc;
use tokio::task::JoinSet;

/// A Redis that takes commands.
pub enum Connection {
    /// One server.
    Server(Node),
    /// The primary that Sentinels name.
    Sentinel(Sentinel),
    /// A cluster.
    Cluster(Cluster),
}

impl Connection {
    /// Prepares what the first command then connects to. Fails on an address that makes no sense.
    pub fn new(address: &Address) -> RedisResult<Self> {
        Ok(match address {
            Address::Server(url) => Self::Server(Node::new(url.as_str())?),
            Address::Sentinel(address) => Self::Sentinel(Sentinel::new(address)?),
            Address::Cluster(address) => Self::Cluster(Cluster::new(address)?),
        })
    }

    /// Sends a command to the node in charge; an error reply is an error. A command is sent again only when it was
    /// certainly not carried out before.
    pub async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Server(node) => node.send(command).await,
            Self::Sentinel(sentinel) => sentinel.send(command).await,
            Self::Cluster(cluster) => cluster.send(command).await,
        }
    }

    /// Sends a command to every node of a cluster at once; the answers come with the nodes' addresses. Returns `None`
    /// where one server is in charge of everything.
    pub async fn send_to_all(&self, command: &Cmd) -> Option<Vec<(String, RedisResult<Value>)>> {
        let Self::Cluster(cluster) = self else { return None };
        let ask = |node: Arc<Node>, command: Cmd| async move {
            (node.address().to_owned(), node.send(&command).await)
        };
        let mut asked: JoinSet<_> =
            cluster.nodes().await.into_iter().map(|node| ask(node, command.clone())).collect();
        let mut answers = vec![];
        while let Some(answer) = asked.join_next().await {
            answers.extend(answer.ok());
        }
        Some(answers)
    }
}
