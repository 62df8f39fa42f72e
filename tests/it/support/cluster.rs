//! A Redis Cluster for one test: primaries and a replica of each, all with the module and the same keyring, ended on
//! drop.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{AuthCommands, ClusterCon, Con, Keyring, Redis, SOON, wait_until};

/// The number of slots of every cluster.
const SLOTS: usize = 16384;
/// The silence in milliseconds after which the other nodes consider a node failed: while the nodes get to know each other, and
/// from the first kill on, when a replica is to take over.
const ALERT: &str = "4000";
/// The same while all nodes run: longer than a busy machine lets a process wait, or a replica would take over by itself.
const CALM: &str = "30000";
/// The time in which a replica takes over: a vote that a busy machine delays is repeated after sixteen seconds.
const TAKEOVER: Duration = SOON.saturating_mul(3);
/// The time in which a primary hands over: an election that fails is repeated after four times the silence, two minutes.
const HANDOVER: Duration = SOON.saturating_mul(6);

/// A running cluster. Its nodes have numbers: first the primaries, then their replicas in the same order. Roles may
/// change later.
pub struct Cluster {
    nodes: Vec<Redis>,
    /// The present silence.
    patience: &'static str,
}

impl Cluster {
    /// Starts three primaries, each with a replica.
    #[track_caller]
    pub fn start() -> Self {
        Self::of(3, &[])
    }

    /// Starts this many primaries, each with a replica, with more lines of configuration.
    #[track_caller]
    pub fn of(primaries: usize, lines: &[&str]) -> Self {
        let ring = Keyring::default();
        let node = || {
            let builder = Redis::builder().keyring(ring.clone()).cluster_node();
            let builder = builder.line(&format!("cluster-node-timeout {ALERT}"));
            lines.iter().fold(builder, |builder, line| builder.line(line)).start()
        };
        let nodes = thread::scope(|scope| {
            let starting: Vec<_> = (0..2 * primaries).map(|_| scope.spawn(node)).collect();
            starting.into_iter().map(|node| node.join().expect("a node")).collect()
        });
        let mut cluster = Self { nodes, patience: ALERT };
        cluster.meet();
        cluster.deal_slots(primaries);
        cluster.replicate(primaries);
        cluster.wait_until_ok();
        cluster.be_patient(CALM);
        cluster
    }

    /// Returns a node.
    pub fn node(&self, number: usize) -> &Redis {
        &self.nodes[number]
    }

    /// Returns the nodes that run.
    pub fn up(&self) -> impl Iterator<Item = &Redis> {
        self.nodes.iter().filter(|node| node.is_up())
    }

    /// Returns the value of `--redis-url`, with the addresses of all nodes.
    pub fn url(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis-cluster://{}", hosts.join(","))
    }

    /// Returns a connection of a cluster client, which follows redirections.
    pub fn connect(&self) -> ClusterCon {
        let seeds: Vec<String> = self.up().map(|node| format!("redis://127.0.0.1:{}", node.port())).collect();
        let client = redis::cluster::ClusterClient::builder(seeds).response_timeout(SOON).build();
        client.expect("addresses").get_connection().expect("a connection")
    }

    /// Returns the slot of a key.
    pub fn slot(&self, key: &str) -> usize {
        self.any().get(&["CLUSTER", "KEYSLOT", key])
    }

    /// Returns the primary that owns a key's slot.
    #[track_caller]
    pub fn owner(&self, key: &str) -> usize {
        let owner = owner_of(&mut self.any(), self.slot(key));
        self.number(&owner.expect("every slot has an owner"))
    }

    /// Returns a key `auth:<stem>…` in a slot of the node `owner`.
    #[track_caller]
    pub fn key_of(&self, owner: usize, stem: &str) -> String {
        let mut keys = (0..1000).map(|n| format!("auth:{stem}{n}"));
        keys.find(|key| self.owner(key) == owner).expect("a primary with slots")
    }

    /// Returns the replica of the node `primary`.
    #[track_caller]
    pub fn replica_of(&self, primary: usize) -> usize {
        let id = self.id(primary);
        let nodes = nodes(&mut self.any());
        let is_replica = |node: &&Vec<String>| node[3] == id && !node[2].contains("fail");
        self.number(&nodes.iter().find(is_replica).expect("a replica")[0])
    }

    /// Moves a key's slot, with all keys in it, to the node `to`. `halfway` runs twice during the move: before the
    /// first key has moved, and after the last.
    #[track_caller]
    pub fn migrate(&self, key: &str, to: usize, halfway: impl Fn()) {
        let from = self.owner(key);
        let slot = self.slot(key).to_string();
        let (mut source, mut target) = (self.nodes[from].connect(), self.nodes[to].connect());
        target.get::<()>(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &self.id(from)]);
        source.get::<()>(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &self.id(to)]);
        halfway();
        self.move_keys(&mut source, &slot, to);
        halfway();
        for con in [&mut target, &mut source] {
            con.get::<()>(&["CLUSTER", "SETSLOT", &slot, "NODE", &self.id(to)]);
        }
        let (heir, slot) = (self.id(to), self.slot(key));
        self.everywhere("all nodes know the new owner", |con| owner_of(con, slot).as_ref() == Some(&heir));
    }

    /// Promotes a replica with the consent of its primary, as an operator does before maintenance, while all nodes run.
    #[track_caller]
    pub fn fail_over_to(&self, replica: usize) {
        // A vote is lost while the voter has no link yet to a replica that has just been restarted.
        self.everywhere("all nodes are linked", |con| are_linked(&nodes(con)));
        let mut con = self.nodes[replica].connect();
        let mut asked: Option<Instant> = None;
        wait_until("the replica is promoted", HANDOVER, || {
            // The nodes may give up after five seconds on a busy machine; then the operator asks again.
            if asked.is_none_or(|asked| asked.elapsed() > Duration::from_secs(6)) {
                con.run(&["CLUSTER", "FAILOVER"]).ok();
                asked = Some(Instant::now());
            }
            self.nodes[replica].is_primary()
        });
        // Until then the others may know of no owner of its slots at all.
        let heir = self.id(replica);
        let owns = |node: &Vec<String>| node[0] == heir && node.len() > 8;
        self.everywhere("all nodes know the new primary", |con| nodes(con).iter().any(owns));
    }

    /// Kills a node; writes that it has not replicated are lost.
    pub fn kill(&mut self, number: usize) {
        self.be_patient(ALERT);
        self.nodes[number].kill();
    }

    /// Sets the silence after which the running nodes consider another one failed.
    fn be_patient(&mut self, milliseconds: &'static str) {
        self.patience = milliseconds;
        self.up().for_each(|node| self.tell_patience(node));
    }

    /// Tells a node the silence, which it forgets when it stops.
    fn tell_patience(&self, node: &Redis) {
        node.connect().get::<()>(&["CONFIG", "SET", "cluster-node-timeout", self.patience]);
    }

    /// Starts a node again: one that was killed, or one that runs and is stopped cleanly first.
    pub fn restart(&mut self, number: usize) {
        self.nodes[number].restart();
        self.tell_patience(&self.nodes[number]);
    }

    /// Waits until every running node reports that all slots are served.
    #[track_caller]
    pub fn wait_until_ok(&self) {
        self.everywhere("the cluster is ok", |con| {
            con.get::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:ok")
        });
    }

    /// Waits until every running node takes another node than `former` for the owner of a key's slot, and returns that
    /// node.
    #[track_caller]
    pub fn wait_for_heir(&self, key: &str, former: usize) -> usize {
        let slot = self.slot(key);
        let former = self.id_in(&mut self.any(), former);
        self.everywhere("somebody takes over", |con| {
            owner_of(con, slot).is_some_and(|owner| owner != former)
        });
        self.wait_until_ok();
        self.owner(key)
    }

    /// Waits until `probe` is true for all running nodes.
    #[track_caller]
    fn everywhere(&self, what: &str, is_so: impl Fn(&mut Con) -> bool) {
        for node in self.up() {
            let mut con = node.connect();
            wait_until(what, TAKEOVER, || is_so(&mut con));
        }
    }

    /// Makes all nodes known to each other.
    fn meet(&self) {
        for (epoch, node) in (1..).zip(&self.nodes) {
            node.connect().get::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &format!("{epoch}")]);
        }
        let mut first = self.nodes[0].connect();
        for other in &self.nodes[1..] {
            let (port, bus_port) = (other.port().to_string(), other.bus_port().to_string());
            first.get::<()>(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus_port]);
        }
        self.everywhere("all nodes know each other", |con| {
            let known = nodes(con);
            known.len() == self.nodes.len() && are_linked(&known)
        });
    }

    /// Gives each primary its share of the slots.
    fn deal_slots(&self, primaries: usize) {
        for (number, node) in self.nodes[..primaries].iter().enumerate() {
            let first = (SLOTS * number / primaries).to_string();
            let last = (SLOTS * (number + 1) / primaries - 1).to_string();
            node.connect().get::<()>(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
        }
    }

    /// Turns the other half of the nodes into replicas.
    fn replicate(&self, primaries: usize) {
        for number in 0..primaries {
            let mut replica = self.nodes[primaries + number].connect();
            replica.get::<()>(&["CLUSTER", "REPLICATE", &self.id(number)]);
        }
        for replica in &self.nodes[primaries..] {
            replica.wait_until_in_sync();
        }
        let is_replica = |node: &&Vec<String>| node[2].contains("slave");
        self.everywhere("all nodes know the replicas", |con| {
            nodes(con).iter().filter(is_replica).count() == primaries
        });
    }

    /// Moves all keys of a slot.
    fn move_keys(&self, source: &mut Con, slot: &str, to: usize) {
        let port = self.nodes[to].port().to_string();
        loop {
            let keys: Vec<String> = source.get(&["CLUSTER", "GETKEYSINSLOT", slot, "100"]);
            if keys.is_empty() {
                return;
            }
            let mut command = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "30000", "KEYS"];
            command.extend(keys.iter().map(String::as_str));
            source.get::<String>(&command);
        }
    }

    /// Returns a connection to some node that runs.
    fn any(&self) -> Con {
        self.up().next().expect("a node that runs").connect()
    }

    /// Returns the cluster's id of a node.
    fn id(&self, number: usize) -> String {
        self.id_in(&mut self.any(), number)
    }

    /// Returns the id of a node, which may be down, according to the node behind `con`.
    fn id_in(&self, con: &mut Con, number: usize) -> String {
        let address = format!("127.0.0.1:{}@", self.nodes[number].port());
        let found = nodes(con).into_iter().find(|node| node[1].starts_with(&address));
        found.expect("a known node").swap_remove(0)
    }

    /// Returns the number of the node with this id.
    fn number(&self, id: &str) -> usize {
        let mut con = self.any();
        (0..self.nodes.len()).find(|&number| self.id_in(&mut con, number) == id).expect("a node of ours")
    }
}

/// Returns the lines of `CLUSTER NODES`: id, address, flags, primary, ping, pong, epoch, link, slots.
fn nodes(con: &mut Con) -> Vec<Vec<String>> {
    let text: String = con.get(&["CLUSTER", "NODES"]);
    text.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// Returns whether the node that listed these has a link to each of the others.
fn are_linked(nodes: &[Vec<String>]) -> bool {
    nodes.iter().all(|node| node[7] == "connected")
}

/// Returns the id of the node that owns a slot, according to the node behind `con`.
fn owner_of(con: &mut Con, slot: usize) -> Option<String> {
    let is_owner = |node: &Vec<String>| node[8..].iter().any(|slots| contains(slots, slot));
    nodes(con).into_iter().find(is_owner).map(|mut node| node.swap_remove(0))
}

/// Returns whether `first-last`, or a single number, contains a slot; a slot in brackets, which is being moved, does
/// not count.
fn contains(slots: &str, slot: usize) -> bool {
    let (first, last) = slots.split_once('-').unwrap_or((slots, slots));
    match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => (first..=last).contains(&slot),
        _ => false,
    }
}
