//! Valkey 9 moves a slot whole, by CLUSTER MIGRATESLOTS.

use super::migration::{Work, loses_nothing};
use crate::support::*;

/// Whether the server under test has the command. It is asked itself, so that the test runs wherever it can: `make
/// test-valkey` runs it.
fn moves_slots() -> bool {
    let redis = Redis::start();
    let found: Vec<redis::Value> = redis.connect().get(&["COMMAND", "INFO", "CLUSTER|MIGRATESLOTS"]);
    found != [redis::Value::Nil]
}

/// Moves the key's slot to the node `to` while the work goes on, and waits until everybody knows.
fn move_whole(cluster: &Cluster, key: &str, to: usize, work: &Work) {
    let (slot, from) = (cluster.slot(key).to_string(), cluster.owner(key));
    let target: String = cluster.node(to).connect().get(&["CLUSTER", "MYID"]);
    work.go_on();
    let command = ["CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", &slot, &slot, "NODE", &target];
    cluster.node(from).connect().get::<()>(&command);
    assert_eq!(cluster.wait_for_heir(key, from), to);
}

/// Seen to fail without the module's option for it: the server refuses.
#[test]
fn a_slot_moves_whole_with_every_command_in_flight() {
    if moves_slots() {
        loses_nothing(move_whole);
    }
}
