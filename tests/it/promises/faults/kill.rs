//! kill -9 under load, with an append-only file: Redis writes before it answers, so nothing acknowledged is lost.

use super::load_clients::{CLIENTS, Fault, LoadClients, Losses, kill};
use crate::support::*;

/// How often Redis is killed.
const ROUNDS: usize = 5;
/// After so many answers; a little before, it begins to write its file anew.
const ANSWERS: usize = 1000;
const REWRITTEN: usize = 950;

/// A Redis that signs with `alg`, with more lines of configuration.
fn redis(alg: &str, lines: &[&str]) -> Redis {
    let builder = Redis::builder().keyring(Keyring::generated(alg));
    builder.lines(&["appendonly yes"]).lines(lines).start()
}

/// Begins to replace the append-only file, with a child process.
fn rewrite(redis: &Redis) {
    redis.connect().get::<()>(&["BGREWRITEAOF"]);
}

/// Kills Redis under load and starts it again, a few times. Returns what was lost each time.
fn drill(mut redis: Redis) -> Vec<Losses> {
    let mut crowd = LoadClients::log_in(&redis);
    let faults: [Fault<'_>; 2] = [(REWRITTEN, &rewrite), (ANSWERS, &kill)];
    let round = |_| {
        crowd.work(&redis, &faults);
        redis.kill();
        redis.restart();
        crowd.carry_on(&redis)
    };
    let losses = (0..ROUNDS).map(round).collect();
    assert!(crowd.logins() > 5 * CLIENTS, "users logged in under load, too");
    losses
}

/// Nothing, in every round.
fn nothing() -> Vec<Losses> {
    (0..ROUNDS).map(|_| Losses::default()).collect()
}

/// Seen to fail with the append-only file off, and with sessions written without replication.
#[test]
fn with_every_write_on_disk_no_acknowledged_login_or_refresh_is_lost() {
    assert_eq!(drill(redis("EdDSA", &["appendfsync always"])), nothing());
}

/// Here the answer comes from a thread. Seen to fail with sessions written without replication.
#[test]
fn nor_is_one_whose_signature_was_made_while_the_client_waited() {
    assert_eq!(drill(redis("RS256", &["appendfsync always"])), nothing());
}

/// Up to two seconds may be lost then, when the disk is slow; what is not lost carries on. Seen to fail as the first one.
#[test]
fn with_a_sync_each_second_everybody_whose_login_was_written_carries_on() {
    drill(redis("EdDSA", &["appendfsync everysec"]));
}
