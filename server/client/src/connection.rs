//! A Redis of any kind: one server, the primary that Sentinels name, or a cluster.

use crate::address::Address;
use crate::cluster::Cluster;
use crate::node::Node;
use crate::security::Security;
use crate::sentinel::Sentinel;
use redis::{Cmd, RedisResult, Value};
use std::sync::Arc;
use tokio::task::JoinSet;

/// A Redis that takes commands.
pub enum Connection {
    /// One server.
    Server(Box<Node>),
    /// The primary that Sentinels name.
    Sentinel(Sentinel),
    /// A cluster.
    Cluster(Cluster),
}

impl Connection {
    /// Prepares what the first command then connects to. Fails on an address that makes no sense.
    pub fn new(address: &Address, security: &Security) -> RedisResult<Self> {
        Ok(match address {
            Address::Server(url) => Self::Server(Box::new(Node::new(security.secured(url)?)?)),
            Address::Sentinel(address) => Self::Sentinel(Sentinel::new(address, security)?),
            Address::Cluster(address) => Self::Cluster(Cluster::new(address, security)?),
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

    /// Calls `use_node` with the node in charge of a key, as far as it is known. Only a cluster asks for the key.
    pub fn with_node<R>(
        &self,
        key: impl FnOnce() -> Option<String>,
        use_node: impl FnOnce(&Node) -> R,
    ) -> Option<R> {
        match self {
            Self::Server(node) => Some(use_node(node)),
            Self::Sentinel(sentinel) => sentinel.primary().map(|node| use_node(&node)),
            Self::Cluster(cluster) => cluster.owner(key()?.as_bytes()).map(|node| use_node(&node)),
        }
    }

    /// Calls `use_node` with every node that is known.
    pub fn each_node(&self, mut use_node: impl FnMut(&Node)) {
        match self {
            Self::Server(node) => use_node(node),
            Self::Sentinel(sentinel) => sentinel.primary().iter().for_each(|node| use_node(node)),
            Self::Cluster(cluster) => cluster.known().iter().for_each(|node| use_node(node)),
        }
    }

    /// Looks for the primary in the background, when there is reason to think that it is another one now.
    pub fn look_up(&self) {
        match self {
            // A cluster's nodes redirect.
            Self::Server(_) | Self::Cluster(_) => {}
            Self::Sentinel(sentinel) => sentinel.look_up(),
        }
    }

    /// Returns whether this is a cluster.
    pub fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
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
