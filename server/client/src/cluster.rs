//! Redis Cluster: every command goes to the node that has its key's slot, and on to where that one redirects it.
//!
//! The redis crate's own cluster client repeats whatever got no answer, logins among it, and serves no slot while it looks
//! for the owner of one; so this keeps one connection per node and follows redirections itself.

use crate::address::ClusterAddress;
use crate::connection::{hints_at_change, was_not_carried_out};
use crate::contract::command;
use crate::node::Node;
use crate::rediscovery::Rediscovery;
use crate::slots::{SLOTS, SlotRange, redirected_address, slot, slot_ranges};
use redis::{Arg, Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value, cmd};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a node, and how long all of them, may take to say who serves what.
const NODE_TIMEOUT: Duration = Duration::from_millis(500);
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a command is redirected before its caller is told to try again.
const MAX_REDIRECTIONS: usize = 5;

/// The nodes of a cluster.
pub struct Cluster(Arc<Shared>);

struct Shared {
    /// What stands before `host:port` in the URL of every node.
    prefix: String,
    /// The nodes that the operator named; some may be gone for good.
    seeds: Vec<Arc<Node>>,
    topology: RwLock<Topology>,
    rediscovery: Rediscovery,
}

/// Who is there, and who serves what, as far as anybody has said.
struct Topology {
    nodes: BTreeMap<String, Arc<Node>>,
    owners: Vec<Option<Arc<Node>>>,
}

impl Cluster {
    /// Asks the nodes that the address names for the others. Fails on an address that makes no sense.
    pub fn new(address: &ClusterAddress) -> RedisResult<Self> {
        let node = |host: &String| Node::new(format!("{}{host}", address.prefix)).map(Arc::new);
        let seeds: Vec<Arc<Node>> = address.nodes.iter().map(node).collect::<RedisResult<_>>()?;
        let cluster = Self(Arc::new(Shared {
            prefix: address.prefix.clone(),
            topology: RwLock::new(Topology { nodes: BTreeMap::new(), owners: vec![None; SLOTS] }),
            seeds,
            rediscovery: Rediscovery::new(),
        }));
        cluster.rediscover(0);
        Ok(cluster)
    }

    /// Sends a command to the owner of its key, or to any node if it has none.
    pub async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        match key(command) {
            Some(key) => self.send_to_owner(slot(key), command).await,
            None => self.send_to_any(command).await,
        }
    }

    /// The nodes that the cluster has now, its replicas too.
    pub async fn nodes(&self) -> Vec<Arc<Node>> {
        // It fails only when the server stops.
        let _ = self.rediscover(self.0.rediscovery.rounds()).await;
        let known: Vec<_> = self.0.read(|topology| topology.nodes.values().cloned().collect());
        if known.is_empty() { self.0.seeds.clone() } else { known }
    }

    /// Sends the command to the slot's owner, and once more if it came to nothing there and another one owns the slot now.
    async fn send_to_owner(&self, slot: usize, command: &Cmd) -> RedisResult<Value> {
        let seen = self.0.rediscovery.rounds();
        let Some(owner) = self.0.owner(slot).or_else(|| self.0.candidates().into_iter().next()) else {
            return Err((ErrorKind::ClusterConnectionNotFound, "the cluster has no nodes").into());
        };
        let result = self.follow(slot, owner.clone(), command).await;
        let Err(error) = &result else { return result };
        if !hints_at_change(error) {
            return result;
        }
        let look = self.rediscover(seen);
        if !was_not_carried_out(error) {
            return result;
        }
        // It fails only when the server stops.
        let _ = look.await;
        match self.0.owner(slot) {
            Some(heir) if !Arc::ptr_eq(&heir, &owner) => self.follow(slot, heir, command).await,
            _ => result,
        }
    }

    /// Sends the command to a node, and to those that it redirects to.
    async fn follow(&self, slot: usize, mut node: Arc<Node>, command: &Cmd) -> RedisResult<Value> {
        let mut result = node.send(command).await;
        for _ in 0..MAX_REDIRECTIONS {
            let Err(error) = &result else { break };
            let Some((is_final, address)) = redirection(error, &node) else { break };
            node = self.0.node(&address)?;
            result = if is_final {
                self.0.write(|topology| topology.owners[slot] = Some(node.clone()));
                // More than this slot may have moved.
                self.rediscover(self.0.rediscovery.rounds());
                node.send(command).await
            } else {
                node.send_asking(command).await
            };
        }
        result
    }

    /// Sends the command to one node after the other until one answers.
    async fn send_to_any(&self, command: &Cmd) -> RedisResult<Value> {
        let seen = self.0.rediscovery.rounds();
        let mut last = Err((ErrorKind::ClusterConnectionNotFound, "the cluster has no nodes").into());
        for node in self.0.candidates() {
            last = node.send(command).await;
            if !matches!(&last, Err(error) if error.code().is_none()) {
                return last;
            }
            self.rediscover(seen);
        }
        last
    }

    /// Finds out again who serves what, unless somebody has since there were `seen` rounds. It goes on when the caller
    /// does not wait.
    fn rediscover(&self, seen: usize) -> JoinHandle<()> {
        let shared = self.0.clone();
        tokio::spawn(async move { shared.rediscovery.look_unless_after(seen, shared.look()).await })
    }
}

impl Shared {
    /// Finds out who serves what, unless that takes too long.
    async fn look(&self) {
        // Whoever looks next begins with another node.
        let _ = timeout(LOOK_TIMEOUT, self.ask_for_slots()).await;
    }

    /// Asks one node after the other who serves what, until one knows.
    async fn ask_for_slots(&self) {
        for node in self.candidates() {
            let ranges = timeout(NODE_TIMEOUT, slots_according_to(&node)).await;
            if let Ok(Ok(ranges)) = ranges
                && !ranges.is_empty()
                && self.adopt(&ranges).is_ok()
            {
                return;
            }
        }
    }

    /// The nodes to ask, the known ones before the named ones. Each round of looking begins with another one: the view
    /// of a node that is cut off from the others gets old.
    fn candidates(&self) -> Vec<Arc<Node>> {
        let mut known: Vec<_> = self.read(|topology| topology.nodes.values().cloned().collect());
        let first = self.rediscovery.rounds() % known.len().max(1);
        known.rotate_left(first);
        known.extend(self.seeds.iter().cloned());
        known
    }

    /// Takes over what a node said; connections to nodes that stay are kept.
    fn adopt(&self, ranges: &[SlotRange]) -> RedisResult<()> {
        let addresses = ranges.iter().flat_map(|range| &range.nodes);
        let nodes = addresses.map(|address| Ok((address.clone(), self.known_or_new(address)?)));
        let nodes: BTreeMap<_, _> = nodes.collect::<RedisResult<_>>()?;
        let mut owners = vec![None; SLOTS];
        for SlotRange { slots: (first, last), nodes: servers } in ranges {
            let owner = servers.first().and_then(|address| nodes.get(address));
            owners.iter_mut().take(last + 1).skip(*first).for_each(|slot| *slot = owner.cloned());
        }
        self.write(|topology| *topology = Topology { nodes, owners });
        Ok(())
    }

    /// The node at `address`, which is known from now on.
    fn node(&self, address: &str) -> RedisResult<Arc<Node>> {
        let node = self.known_or_new(address)?;
        Ok(self.write(|topology| topology.nodes.entry(address.to_owned()).or_insert(node).clone()))
    }

    fn known_or_new(&self, address: &str) -> RedisResult<Arc<Node>> {
        match self.read(|topology| topology.nodes.get(address).cloned()) {
            Some(node) => Ok(node),
            None => Node::new(format!("{}{address}", self.prefix)).map(Arc::new),
        }
    }

    fn owner(&self, slot: usize) -> Option<Arc<Node>> {
        self.read(|topology| topology.owners[slot].clone())
    }

    // A topology is replaced as a whole, so that one left by a panic is as good as any.
    fn read<T>(&self, look: impl FnOnce(&Topology) -> T) -> T {
        look(&self.topology.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Topology) -> T) -> T {
        change(&mut self.topology.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a node says about who serves what.
async fn slots_according_to(node: &Node) -> RedisResult<Vec<SlotRange>> {
    slot_ranges(node.send(cmd("CLUSTER").arg("SLOTS")).await?, host(node))
}

/// The key of a command: the AUTH commands have it right after their name, or have none.
fn key(command: &Cmd) -> Option<&[u8]> {
    let mut arguments = command.args_iter();
    match (arguments.next()?, arguments.next()?) {
        (Arg::Simple(name), Arg::Simple(key)) if name.starts_with(command::PREFIX.as_bytes()) => Some(key),
        _ => None,
    }
}

/// Where this answer of a node redirects to, if it does, and whether it means all that follows, too.
fn redirection(error: &RedisError, node: &Node) -> Option<(bool, String)> {
    let (address, _) = error.redirect_node()?;
    let is_final = error.kind() == ErrorKind::Server(ServerErrorKind::Moved);
    Some((is_final, redirected_address(address, host(node))?))
}

fn host(node: &Node) -> &str {
    node.address().rsplit_once(':').map_or(node.address(), |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_auth_commands_have_a_key() {
        assert_eq!(key(cmd("AUTH.REFRESH").arg("auth:42").arg("token")), Some(&b"auth:42"[..]));
        assert_eq!(key(&cmd("AUTH.JWKS")), None);
        assert_eq!(key(cmd("INFO").arg("hallpass")), None);
    }

    #[tokio::test]
    async fn a_slot_has_the_owner_that_was_told_last() {
        let address = ClusterAddress { prefix: "redis://".into(), nodes: vec!["h:1".into()] };
        let cluster = Cluster::new(&address).expect("an address");
        let range = |slots, node: &str| SlotRange { slots, nodes: vec![node.into(), "r:9".into()] };
        let owner = |slot| cluster.0.owner(slot).map(|node| node.address().to_owned());
        cluster.0.adopt(&[range((0, 9), "a:1"), range((11, SLOTS - 1), "b:1")]).expect("addresses");
        let told = [owner(0), owner(10), owner(11), owner(SLOTS - 1)];
        assert_eq!(told, [Some("a:1"), None, Some("b:1"), Some("b:1")].map(|it| it.map(str::to_owned)));
        let kept = cluster.0.owner(0).expect("an owner");
        cluster.0.adopt(&[range((0, SLOTS - 1), "a:1")]).expect("addresses");
        assert!(Arc::ptr_eq(&kept, &cluster.0.owner(11).expect("an owner")), "the connection stays");
        assert_eq!(cluster.0.read(|topology| topology.nodes.len()), 2);
    }
}
