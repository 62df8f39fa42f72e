//! Failover to a replica that lacks the last writes: its link broke before the primary died, as in a network split.

use super::load_clients::{CLIENTS, Fault, LOGIN_EVERY, LoadClients, kill};
use crate::support::*;

/// The number of failovers in a row; each promoted replica is the next primary.
const ROUNDS: usize = 3;
/// The numbers of answers after which the replica is cut off and the primary is killed.
const CUT_OFF: usize = 500;
const KILLED: usize = 1000;
/// The fewest logins in each client's share of the answers since the cut. The share also has a refresh of a login that
/// the replica knows.
const LOST_LOGINS: usize = (KILLED - CUT_OFF) / CLIENTS / LOGIN_EVERY * CLIENTS;

/// Cuts the link to the replica, which cannot connect again.
pub fn cut_off(primary: &Redis) {
    let mut con = primary.connect();
    con.get::<()>(&["CONFIG", "SET", "requirepass", "not known to the replica"]);
    assert_eq!(con.get::<i64>(&["CLIENT", "KILL", "TYPE", "replica"]), 1);
}

/// Makes a replica the primary.
pub fn promote(replica: &Redis) -> Con {
    let mut con = replica.connect();
    con.get::<()>(&["REPLICAOF", "NO", "ONE"]);
    con
}

/// Works until the primary is dead, and returns its promoted replica, which lacks the last writes.
fn fail_over(primary: &mut Redis, crowd: &mut LoadClients) -> Redis {
    let replica = Redis::replica_of(primary);
    let faults: [Fault<'_>; 2] = [(CUT_OFF, &cut_off), (KILLED, &kill)];
    crowd.work(primary, &faults);
    primary.kill();
    promote(&replica);
    replica
}

/// Seen to fail with `hallpass.recovery no`.
#[test]
fn every_client_carries_on_and_each_recovery_is_counted() {
    let mut primary = Redis::builder().tcp().start();
    let mut crowd = LoadClients::log_in(&primary);
    for _ in 0..ROUNDS {
        primary = fail_over(&mut primary, &mut crowd);
        let losses = crowd.carry_on(&primary);
        assert!(losses.logins >= LOST_LOGINS && losses.rolled_back >= CLIENTS, "at least: {losses:?}");
    }
}

#[test]
fn without_the_recovery_rule_it_looks_like_theft() {
    let mut primary = Redis::builder().tcp().start();
    let mut crowd = LoadClients::log_in(&primary);
    let promoted = fail_over(&mut primary, &mut crowd);
    let mut con = promoted.connect();
    con.get::<()>(&["CONFIG", "SET", "hallpass.recovery", "no"]);
    let codes = crowd.refusals(&mut con);
    assert!(codes.contains("REUSEDTOKEN"), "{codes:?}");
}
