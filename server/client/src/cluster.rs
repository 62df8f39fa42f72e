//! Redis Cluster: every command goes to the node that owns its key's slot, and on to the node to which that one
//! redirects it.
//!
//! The redis crate's own cluster client repeats whatever got no answer, logins among it, and serves no slot while it
//! looks for the owner of one. So this keeps one connection per node and follows redirections itself.

use crate::address::ClusterAddress;
use crate::failover::{Directory, Failover, hints_at_change};
use crate::limits::{LOOK_UP, LOOK_UP_NODE};
use crate::node::Node;
use crate::request::key;
use crate::security::Security;
use crate::slots::{SlotRange, redirected_address, slot, slot_ranges};
use crate::topology::Topology;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value, cmd};
use std::sync::Arc;
use tokio::time::timeout;

/// A command is redirected at most this often before its caller is told to try again.
const MAX_REDIRECTIONS: usize = 5;

/// The nodes of a cluster.
pub struct Cluster(Failover<Topology>);

impl Cluster {
    /// Asks the nodes that the address names for the others. Fails on an address that makes no sense.
    pub fn new(address: &ClusterAddress, security: &Security) -> RedisResult<Self> {
        let cluster = Self(Failover::new(Topology::new(address, security)?));
        cluster.0.look_up(0);
        Ok(cluster)
    }

    /// Sends a command to the owner of its key, or to any node if it has none.
    pub async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        match key(command) {
            Some(key) => self.0.send(slot(key), command).await,
            None => self.send_to_any(command).await,
        }
    }

    /// Returns the nodes that the cluster has now, its replicas too.
    pub async fn nodes(&self) -> Vec<Arc<Node>> {
        // It fails only when the runtime stops.
        let _ = self.0.look_up(self.0.rounds()).await;
        self.0.directory().all()
    }

    /// Returns the owner of a key's slot, as far as it is known.
    pub fn owner(&self, key: &[u8]) -> Option<Arc<Node>> {
        self.0.directory().owner(slot(key))
    }

    /// Returns the nodes that are known, its replicas too.
    pub fn known(&self) -> Vec<Arc<Node>> {
        self.0.directory().all()
    }

    /// Sends the command to one node after the other until one answers that is not loading or cut off.
    async fn send_to_any(&self, command: &Cmd) -> RedisResult<Value> {
        let seen = self.0.rounds();
        let mut last = Err(no_nodes());
        for node in self.0.directory().candidates(seen) {
            last = node.send(command).await;
            if !matches!(&last, Err(error) if hints_at_change(error)) {
                return last;
            }
            self.0.look_up(seen);
        }
        last
    }
}

impl Directory for Topology {
    /// A slot.
    type Place = usize;

    fn in_charge(&self, slot: usize) -> RedisResult<Arc<Node>> {
        self.owner(slot).ok_or_else(no_nodes)
    }

    /// Any node redirects to the owner.
    fn first_choice(&self, slot: usize, round: usize) -> RedisResult<Arc<Node>> {
        self.owner(slot).or_else(|| self.candidates(round).into_iter().next()).ok_or_else(no_nodes)
    }

    /// Asks one node after the other for the owners, until one knows.
    async fn look_up(&self, round: usize) {
        let asked = async {
            for node in self.candidates(round) {
                let ranges = timeout(LOOK_UP_NODE, slots_according_to(&node)).await;
                if let Ok(Ok(ranges)) = ranges
                    && !ranges.is_empty()
                    && self.adopt(&ranges).is_ok()
                {
                    return;
                }
            }
        };
        // When it takes too long, the next look-up begins with another node.
        let _ = timeout(LOOK_UP, asked).await;
    }

    /// Sends the command to the node, and to those that it redirects to.
    async fn attempt(
        failover: &Failover<Self>,
        slot: usize,
        mut node: Arc<Node>,
        command: &Cmd,
    ) -> RedisResult<Value> {
        let mut result = node.send(command).await;
        for _ in 0..MAX_REDIRECTIONS {
            let Err(error) = &result else { break };
            let Some((is_final, address)) = redirection(error, &node) else { break };
            node = failover.directory().node(&address)?;
            result = if is_final {
                failover.directory().set_owner(slot, node.clone());
                // More than this slot may have moved.
                failover.look_up(failover.rounds());
                node.send(command).await
            } else {
                node.send_asking(command).await
            };
        }
        result
    }
}

/// Asks a node for the owners of the slots.
async fn slots_according_to(node: &Node) -> RedisResult<Vec<SlotRange>> {
    slot_ranges(node.send(cmd("CLUSTER").arg("SLOTS")).await?, node.host())
}

/// Returns the address that this answer of a node redirects to, if it does, and whether for good.
fn redirection(error: &RedisError, node: &Node) -> Option<(bool, String)> {
    let (address, _) = error.redirect_node()?;
    let is_final = error.kind() == ErrorKind::Server(ServerErrorKind::Moved);
    Some((is_final, redirected_address(address, node.host())?))
}

/// Returns the error of a cluster in which no node is left to ask.
fn no_nodes() -> RedisError {
    (ErrorKind::ClusterConnectionNotFound, "the cluster has no nodes").into()
}
