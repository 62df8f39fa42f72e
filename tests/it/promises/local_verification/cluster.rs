//! A cluster: slots that move, primaries that fail over, and a cluster that is down.

use std::time::Duration;

use super::{
    UNHEARD,
    observer::{Observer, Program},
};
use crate::{promises::cluster::start_of_a_move, support::*};

/// For how long a new owner of a slot may go unnoticed, if Redis says nothing: the slots are read once a second.
const UNREAD: Duration = Duration::from_secs(2);

/// Revokes a user's sessions at the node in charge.
fn revoke(cluster: &Cluster, key: &str) {
    assert_eq!(cluster.connect().get::<i64>(&["AUTH.REVOKE", key, "ALL"]), 1);
}

#[test]
fn a_revocation_counts_on_every_node() {
    let cluster = Cluster::start();
    let program = Program::new(&cluster.url());
    for node in 0..3 {
        let key = cluster.key_of(node, "user");
        let tokens = cluster.connect().issue(&key, &[]).unwrap();
        let observer = Observer::start(&program, &tokens.access);
        assert!(observer.lateness("AUTH.REVOKE in a cluster", || revoke(&cluster, &key)) < UNHEARD);
    }
}

#[test]
fn a_slot_that_moves_takes_nothing_with_it_that_is_kept() {
    let cluster = Cluster::start();
    let program = Program::new(&cluster.url());
    let key = cluster.key_of(0, "user");
    for round in 0..4 {
        let tokens = cluster.connect().issue(&key, &[]).unwrap();
        let observer = Observer::start(&program, &tokens.access);
        let late = observer.lateness("a slot that moves", || {
            cluster.migrate(&key, (round + 1) % 3, || {});
            if round % 2 == 1 {
                // There and back again before anybody looks.
                cluster.migrate(&key, round % 3, || {});
            }
            revoke(&cluster, &key);
        });
        assert!(late < UNREAD, "{late:?}");
    }
}

#[test]
fn a_slot_that_moves_whole_takes_nothing_with_it_that_is_kept() {
    let Some(start) = start_of_a_move() else { return };
    let cluster = Cluster::start();
    let program = Program::new(&cluster.url());
    let key = cluster.key_of(0, "user");
    for to in [1, 2, 0] {
        let tokens = cluster.connect().issue(&key, &[]).unwrap();
        let from = cluster.owner(&key);
        let observer = Observer::start(&program, &tokens.access);
        let late = observer.lateness("a slot that moves whole", || {
            start(&cluster, &cluster.slot(&key).to_string(), from, to);
            assert_eq!(cluster.wait_for_heir(&key, from), to);
            revoke(&cluster, &key);
        });
        assert!(late < UNREAD, "{late:?}");
    }
}

#[test]
fn a_primary_that_hands_over_or_dies_hides_nothing() {
    let mut cluster = Cluster::start();
    let program = Program::new(&cluster.url());
    let key = cluster.key_of(0, "user");
    for dies in [false, true] {
        let tokens = cluster.connect().issue(&key, &[]).unwrap();
        let primary = cluster.owner(&key);
        cluster.node(primary).wait_until_replicated();
        let observer = Observer::start(&program, &tokens.access);
        let late = observer.lateness("a failover in a cluster", || {
            if dies {
                cluster.kill(primary);
                cluster.wait_for_heir(&key, primary);
            } else {
                cluster.fail_over_to(cluster.replica_of(primary));
            }
            revoke(&cluster, &key);
        });
        assert!(late < UNREAD, "{late:?}");
    }
}

/// Seen to fail when a heartbeat does not ask for the state of the cluster.
#[test]
fn a_node_of_a_cluster_that_is_down_is_not_relied_on() {
    let mut cluster = Cluster::start();
    let program = Program::new(&cluster.url());
    let key = cluster.key_of(0, "user");
    let tokens = cluster.connect().issue(&key, &[]).unwrap();
    let observer = Observer::start(&program, &tokens.access);
    let late = observer.reliance("a cluster that is down", || {
        (1..6).for_each(|node| cluster.kill(node));
        let mut con = cluster.node(0).connect();
        wait_until("the cluster is down", SOON, || {
            con.get::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:fail")
        });
    });
    assert!(late < UNREAD, "{late:?}");
}
