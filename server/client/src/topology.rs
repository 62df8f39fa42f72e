//! The nodes of a cluster, and the owner of each slot, as far as any node has said.

use crate::address::ClusterAddress;
use crate::node::Node;
use crate::security::Security;
use crate::slots::{SLOTS, SlotRange};
use redis::RedisResult;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The nodes of a cluster, and the owner of each slot.
pub struct Topology {
    /// The part before `host:port` in the URL of every node.
    prefix: String,
    security: Security,
    /// The nodes that the operator named; some may be gone for good.
    seeds: Vec<Arc<Node>>,
    view: RwLock<View>,
}

/// The topology that a node told last. Replaced as a whole, so that one left by a panic is as good as any.
struct View {
    nodes: BTreeMap<String, Arc<Node>>,
    owners: Vec<Option<Arc<Node>>>,
}

impl Topology {
    /// Creates a topology of the nodes that the address names. Fails if the address is invalid.
    pub fn new(address: &ClusterAddress, security: &Security) -> RedisResult<Self> {
        let node = |host: &String| new_node(&address.prefix, host, security);
        Ok(Self {
            prefix: address.prefix.clone(),
            security: security.clone(),
            seeds: address.nodes.iter().map(node).collect::<RedisResult<_>>()?,
            view: RwLock::new(View { nodes: BTreeMap::new(), owners: vec![None; SLOTS] }),
        })
    }

    /// Returns all nodes that are known, or else those that the operator named.
    pub fn all(&self) -> Vec<Arc<Node>> {
        let known = self.known();
        if known.is_empty() { self.seeds.clone() } else { known }
    }

    /// Returns the nodes to ask, the known ones before the named ones. Each round begins with another one: the view of
    /// a node that is cut off from the others gets old.
    pub fn candidates(&self, round: usize) -> Vec<Arc<Node>> {
        let mut known = self.known();
        let first = round % known.len().max(1);
        known.rotate_left(first);
        known.extend(self.seeds.iter().cloned());
        known
    }

    /// Returns the owner of a slot, as far as it is known.
    pub fn owner(&self, slot: usize) -> Option<Arc<Node>> {
        self.read(|view| view.owners[slot].clone())
    }

    /// Returns the node at `address`, which is known from now on.
    pub fn node(&self, address: &str) -> RedisResult<Arc<Node>> {
        let node = self.known_or_new(address)?;
        Ok(self.write(|view| view.nodes.entry(address.to_owned()).or_insert(node).clone()))
    }

    /// Remembers the new owner of a slot.
    pub fn set_owner(&self, slot: usize, node: Arc<Node>) {
        self.write(|view| view.owners[slot] = Some(node));
    }

    /// Takes over the reply of a node; connections to nodes that stay are kept.
    pub fn adopt(&self, ranges: &[SlotRange]) -> RedisResult<()> {
        let addresses = ranges.iter().flat_map(|range| &range.nodes);
        let nodes = addresses.map(|address| Ok((address.clone(), self.known_or_new(address)?)));
        let nodes: BTreeMap<_, _> = nodes.collect::<RedisResult<_>>()?;
        let mut owners = vec![None; SLOTS];
        for SlotRange { slots: (first, last), nodes: servers } in ranges {
            let owner = servers.first().and_then(|address| nodes.get(address));
            owners.iter_mut().take(last + 1).skip(*first).for_each(|slot| *slot = owner.cloned());
        }
        self.write(|view| *view = View { nodes, owners });
        Ok(())
    }

    fn known(&self) -> Vec<Arc<Node>> {
        self.read(|view| view.nodes.values().cloned().collect())
    }

    fn known_or_new(&self, address: &str) -> RedisResult<Arc<Node>> {
        match self.read(|view| view.nodes.get(address).cloned()) {
            Some(node) => Ok(node),
            None => new_node(&self.prefix, address, &self.security),
        }
    }

    fn read<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        change(&mut self.view.write().unwrap_or_else(PoisonError::into_inner))
    }
}

fn new_node(prefix: &str, host: &str, security: &Security) -> RedisResult<Arc<Node>> {
    Node::new(security.secured(&format!("{prefix}{host}"))?).map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slot_has_the_owner_that_was_told_last() {
        let address = ClusterAddress { prefix: "redis://".into(), nodes: vec!["h:1".into()] };
        let topology = Topology::new(&address, &Security::default()).expect("an address");
        let range = |slots, node: &str| SlotRange { slots, nodes: vec![node.into(), "r:9".into()] };
        let owner = |slot| topology.owner(slot).map(|node| node.address().to_owned());
        topology.adopt(&[range((0, 9), "a:1"), range((11, SLOTS - 1), "b:1")]).expect("addresses");
        let told = [owner(0), owner(10), owner(11), owner(SLOTS - 1)];
        assert_eq!(told, [Some("a:1"), None, Some("b:1"), Some("b:1")].map(|it| it.map(str::to_owned)));
        let kept = topology.owner(0).expect("an owner");
        topology.adopt(&[range((0, SLOTS - 1), "a:1")]).expect("addresses");
        assert!(Arc::ptr_eq(&kept, &topology.owner(11).expect("an owner")), "the connection stays");
        assert_eq!(topology.known().len(), 2);
    }

    #[tokio::test]
    async fn each_round_of_asking_begins_with_another_known_node_and_ends_with_the_named_ones() {
        let address = ClusterAddress { prefix: "redis://".into(), nodes: vec!["h:1".into()] };
        let topology = Topology::new(&address, &Security::default()).expect("an address");
        let candidates = |round| {
            let nodes = topology.candidates(round);
            nodes.iter().map(|node| node.address().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((candidates(0), candidates(1)), (vec!["h:1".into()], vec!["h:1".into()]));
        for address in ["a:1", "b:1"] {
            topology.node(address).expect("an address");
        }
        assert_eq!(candidates(0), ["a:1", "b:1", "h:1"]);
        assert_eq!(candidates(1), ["b:1", "a:1", "h:1"]);
        assert_eq!(candidates(2), candidates(0));
    }
}
