//! kill -9 under load, with an append-only file: Redis writes before it answers, so nothing acknowledged is lost.

use super::load_clients::{CLIENTS, Fault, LoadClients, Losses, kill};
use crate::support::*;

/// The number of times that Redis is killed.
const ROUNDS: usize = 5;
/// The number of answers after which Redis is killed; a little earlier it begins to rewrite its file.
const ANSWERS: usize = 1000;
const REWRITTEN: usize = 950;

/// Starts a Redis that signs with `alg`, with more lines of configuration.
fn redis(alg: &str, lines: &[&str]) -> Redis {
    let builder = Redis::builder().keyring(Keyring::generated(alg));
    builder.lines(&["appendonly yes"]).lines(lines).start()
}

/// Begins to rewrite the append-only file, in a child process.
fn rewrite(redis: &Redis) {
    redis.connect().get::<()>(&["BGREWRITEAOF"]);
}

/// Kills Redis under load and starts it again, a few times. Returns the losses of each round.
fn drill(mut redis: Redis) -> Vec<Losses> {
    let mut crowd = LoadClients::log_in(&redis);
    let faults: [Fault<'_>; 2] = [(REWRITTEN, &rewrite), (ANSWERS, &kill)];
    let mut most = 0;
    let round = |_| {
        crowd.work(&redis, &faults);
        most = most.max(crowd.logins());
        redis.kill();
        redis.restart();
        crowd.carry_on(&redis)
    };
    let losses = (0..ROUNDS).map(round).collect();
    assert!(most > 5 * CLIENTS, "users logged in under load, too");
    losses
}

/// Returns no losses, for every round.
fn nothing() -> Vec<Losses> {
    (0..ROUNDS).map(|_| Losses::default()).collect()
}

/// Seen to fail with the append-only file off, and with sessions written without replication.
#[test]
fn with_every_write_on_disk_no_acknowledged_login_or_refresh_is_lost() {
    assert_eq!(drill(redis("EdDSA", &["appendfsync always"])), nothing());
}

/// The answer comes from a thread here. Seen to fail with sessions written without replication.
#[test]
fn nor_is_one_whose_signature_was_made_while_the_client_waited() {
    assert_eq!(drill(redis("RS256", &["appendfsync always"])), nothing());
}

/// Up to two seconds may be lost if the disk is slow; the other sessions carry on. Seen to fail like the first test.
#[test]
fn with_a_sync_each_second_everybody_whose_login_was_written_carries_on() {
    drill(redis("EdDSA", &["appendfsync everysec"]));
}
