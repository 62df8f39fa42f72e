//! The harness' cluster: slots move, and replicas take over.

use crate::support::*;

#[test]
fn a_slot_moves_with_its_keys_and_a_replica_takes_over() {
    let mut cluster = Cluster::start();
    let mut con = cluster.connect();
    let key = cluster.key_of(0, "user");
    let tokens = con.issue(&key, &[]).unwrap();
    let slot = cluster.slot(&key).to_string();
    let holds =
        |node: usize| -> i64 { cluster.node(node).connect().get(&["CLUSTER", "COUNTKEYSINSLOT", &slot]) };
    cluster.migrate(&key, 1, || assert_eq!(holds(0) + holds(1), 1, "on the one or the other"));
    assert_eq!((cluster.owner(&key), holds(1)), (1, 1));
    let replica = cluster.replica_of(1);
    cluster.fail_over_to(replica);
    assert_eq!(cluster.wait_for_heir(&key, 1), replica);
    wait_until("the former primary follows", SOON, || !cluster.node(1).is_primary());
    cluster.node(1).wait_until_in_sync();
    cluster.kill(replica);
    assert_eq!(cluster.wait_for_heir(&key, replica), 1);
    // A client that was connected to the killed node would first have to notice.
    cluster.connect().refresh(&key, &tokens.refresh, &[]).unwrap();
    cluster.restart(replica);
    cluster.wait_until_ok();
}
