//! FAILOVER under load, with every AUTH command in flight, some of them waiting for an RSA signature: each is answered,
//! or refused so that the client asks the new primary.

use std::{
    collections::BTreeSet,
    sync::{Mutex, atomic::AtomicBool},
    thread,
};

use super::{
    every_command::{go_on, live, written},
    load_clients::CLIENTS,
};
use crate::support::*;

/// The number of times that the two nodes change places.
const ROUNDS: usize = 4;

/// A client that knows both nodes. If one refuses, it asks the other.
struct Follower<'a> {
    nodes: &'a [Redis; 2],
    connections: [Con; 2],
    at: usize,
    sent_away: &'a Mutex<BTreeSet<String>>,
}

impl<'a> Follower<'a> {
    fn of(nodes: &'a [Redis; 2], sent_away: &'a Mutex<BTreeSet<String>>) -> Self {
        Self { nodes, connections: nodes.each_ref().map(Redis::connect), at: 0, sent_away }
    }

    /// Switches to the other node, with a new connection: after UNBLOCKED, Redis closes the old one.
    fn go_away(&mut self, code: String) {
        self.sent_away.lock().unwrap().insert(code);
        self.at = 1 - self.at;
        self.connections[self.at] = self.nodes[self.at].connect();
    }
}

impl AuthCommands for Follower<'_> {
    fn run<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Answer<redis::Value> {
        wait_for("one of the nodes answers", SOON, || match self.connections[self.at].run(args) {
            Err(refusal) if ["READONLY", "UNBLOCKED"].contains(&refusal.code.as_str()) => {
                self.go_away(refusal.code);
                None
            }
            answer => Some(answer),
        })
    }
}

/// Returns a primary and its replica, which sign with RSA.
fn pair() -> [Redis; 2] {
    let primary = Redis::builder().keyring(Keyring::generated("RS256")).tcp().start();
    let replica = Redis::replica_of(&primary);
    [primary, replica]
}

/// Lets the primary and its replica change places, once the primary serves the clients.
fn take_over([from, to]: [&Redis; 2]) {
    let (mut con, mut there) = (from.connect(), to.connect());
    go_on(&mut con, written);
    let role = |con: &mut Con| con.get::<String>(&["INFO", "replication"]);
    wait_until("there is one to take over", SOON, || role(&mut con).contains("state=online"));
    con.get::<()>(&["FAILOVER", "TO", "127.0.0.1", &to.port().to_string(), "TIMEOUT", "30000"]);
    wait_until("the replica is promoted", SOON, || role(&mut there).contains("role:master"));
    wait_until("the other one follows", SOON, || role(&mut con).contains("master_link_status:up"));
}

/// Seen to fail with refreshes that are not replicated.
#[test]
fn every_command_is_answered_or_asked_again_and_nothing_is_lost() {
    let nodes = pair();
    let (is_over, sent_away) = (AtomicBool::new(false), Mutex::default());
    thread::scope(|scope| {
        let over = &is_over;
        let _guard = OnDrop(over);
        for user in 0..CLIENTS {
            let client = Follower::of(&nodes, &sent_away);
            scope.spawn(move || live(client, user, over));
        }
        for round in 0..ROUNDS {
            let mut order = nodes.each_ref();
            order.rotate_left(round % 2);
            take_over(order);
        }
    });
    assert!(sent_away.into_inner().unwrap().contains("READONLY"), "clients met the failover");
    for mut con in nodes.each_ref().map(Redis::connect) {
        assert!(con.counter("refreshed") > 0, "both were primary");
        assert_eq!((con.counter("reused"), con.counter("recovered")), (0, 0));
    }
}
