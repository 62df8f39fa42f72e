//! A whole slot moves: by CLUSTER MIGRATESLOTS on Valkey 9, by CLUSTER MIGRATION on Redis 8.4 and later.

use std::collections::BTreeMap;

use super::migration::{Work, loses_nothing};
use crate::support::*;

/// Starts the move of a slot from one node to another.
pub type Start = fn(&Cluster, slot: &str, from: usize, to: usize);

/// Returns how the server under test moves a whole slot, if it can. The server is asked, so that the test runs wherever
/// it can.
pub fn start_of_a_move() -> Option<Start> {
    let known: [(&str, Start); 2] =
        [("CLUSTER|MIGRATESLOTS", migrate_slots), ("CLUSTER|MIGRATION", import_slot)];
    let redis = Redis::start();
    let has = |command: &str| {
        let found: Vec<redis::Value> = redis.connect().get(&["COMMAND", "INFO", command]);
        found != [redis::Value::Nil]
    };
    known.into_iter().find(|(command, _)| has(command)).map(|(_, start)| start)
}

/// Moves a slot on Valkey, by a command to the source.
fn migrate_slots(cluster: &Cluster, slot: &str, from: usize, to: usize) {
    let target: String = cluster.node(to).connect().get(&["CLUSTER", "MYID"]);
    let command = ["CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", &target];
    cluster.node(from).connect().get::<()>(&command);
}

/// Moves a slot on Redis, by a command to the target, which reports its progress.
fn import_slot(cluster: &Cluster, slot: &str, _from: usize, to: usize) {
    let mut target = cluster.node(to).connect();
    let task: String = target.get(&["CLUSTER", "MIGRATION", "IMPORT", slot, slot]);
    let mut state = || -> String {
        let status = ["CLUSTER", "MIGRATION", "STATUS", "ID", &task];
        let mut tasks: Vec<BTreeMap<String, redis::Value>> = target.get(&status);
        redis::from_redis_value(tasks.remove(0).remove("state").expect("a state")).expect("text")
    };
    wait_until("the slot is imported", SOON, || {
        let state = state();
        assert_ne!(state, "canceled");
        state == "completed"
    });
}

/// Seen to fail on Valkey without the module's option for it: the server refuses.
#[test]
fn a_slot_moves_whole_with_every_command_in_flight() {
    if let Some(start) = start_of_a_move() {
        loses_nothing(|cluster: &Cluster, key: &str, to: usize, work: &Work| {
            let from = cluster.owner(key);
            work.go_on();
            start(cluster, &cluster.slot(key).to_string(), from, to);
            assert_eq!(cluster.wait_for_heir(key, from), to);
        });
    }
}
