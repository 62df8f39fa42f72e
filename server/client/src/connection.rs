//! A Redis of any kind: one server, the primary that Sentinels name, or a cluster.

use crate::address::Address;
use crate::cluster::Cluster;
use crate::contract::code;
use crate::node::Node;
use crate::sentinel::Sentinel;
use redis::{Cmd, RedisError, RedisResult, Value};
use std::sync::Arc;
use tokio::task::JoinSet;

/// What takes commands.
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

    /// Sends a command to whoever is in charge; an error reply is an error. A command is sent again only when it was
    /// certainly not carried out before.
    pub async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Server(node) => node.send(command).await,
            Self::Sentinel(sentinel) => sentinel.send(command).await,
            Self::Cluster(cluster) => cluster.send(command).await,
        }
    }

    /// Sends a command to every node of a cluster at once; the answers come with the nodes' addresses. `None` where one
    /// server is in charge of everything.
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

/// Whether somebody else may be in charge now: no answer came, or one that a primary in charge does not give.
pub fn hints_at_change(error: &RedisError) -> bool {
    error.code().is_none_or(|code| code::NOT_IN_CHARGE.contains(&code))
}

/// Whether another server may safely be sent the same.
pub fn was_not_carried_out(error: &RedisError) -> bool {
    error.is_connection_refusal() || error.code().is_some_and(|code| code::NOT_IN_CHARGE.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::parse_redis_value;
    use std::io;

    fn reply(text: &str) -> RedisError {
        parse_redis_value(text.as_bytes()).and_then(Value::extract_error).expect_err("an error")
    }

    #[test]
    fn only_what_was_certainly_not_carried_out_may_be_sent_elsewhere() {
        for (error, hints, is_safe) in [
            (reply("-READONLY You can't write\r\n"), true, true),
            (reply("-CLUSTERDOWN Hash slot not served\r\n"), true, true),
            (reply("-NOSESSION the session has ended\r\n"), false, false),
            (reply("-ERR unknown command\r\n"), false, false),
            (io::Error::from(io::ErrorKind::ConnectionRefused).into(), true, true),
            (io::Error::from(io::ErrorKind::TimedOut).into(), true, false),
            (io::Error::from(io::ErrorKind::BrokenPipe).into(), true, false),
        ] {
            assert_eq!((hints_at_change(&error), was_not_carried_out(&error)), (hints, is_safe), "{error}");
        }
    }
}
