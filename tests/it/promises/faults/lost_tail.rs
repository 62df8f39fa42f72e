//! The append-only file loses its end, as in a power cut: acknowledged refreshes and logins are gone when Redis starts.

use super::load_clients::{LoadClients, Losses, kill};
use crate::support::*;

/// The number of answers after which Redis is killed, in each round.
const ANSWERS: usize = 600;
/// The bytes that each round then loses: most cuts are inside a command.
const LOST_BYTES: [u64; 8] = [1, 77, 500, 2_003, 5_001, 10_007, 20_011, 40_009];

/// Starts a Redis with these lines of configuration, and logs the users in. It writes to its file at once and never waits
/// for the disk, so that nothing but the end that is cut off is lost.
fn site(lines: &[&str]) -> (Redis, LoadClients) {
    let redis = Redis::builder().lines(&["appendonly yes", "appendfsync no"]).lines(lines).start();
    let crowd = LoadClients::log_in(&redis);
    (redis, crowd)
}

/// Works until Redis is killed, cuts off the end of its file, and starts it again.
fn lose(redis: &mut Redis, crowd: &mut LoadClients, bytes: u64) {
    crowd.work(redis, &[(ANSWERS, &kill)]);
    redis.kill();
    aof::shorten_to(redis, aof::written(redis) - bytes);
    redis.restart();
}

/// Seen to fail with `hallpass.recovery no`.
#[test]
fn whoever_is_ahead_of_the_store_carries_on_and_only_lost_logins_are_gone() {
    let (mut redis, mut crowd) = site(&[]);
    let firsts = crowd.first_logins();
    let round = |bytes| {
        lose(&mut redis, &mut crowd, bytes);
        let losses = crowd.carry_on(&redis);
        assert_eq!(crowd.first_logins(), firsts, "what was written long before is there");
        losses
    };
    let all: Losses = LOST_BYTES.into_iter().map(round).sum();
    assert!(all.logins > 50 && all.rolled_back > 50, "the rounds were about something: {all:?}");
}

#[test]
fn without_the_recovery_rule_a_lost_refresh_looks_like_theft() {
    let (mut redis, mut crowd) = site(&["hallpass.recovery no"]);
    lose(&mut redis, &mut crowd, LOST_BYTES[7]);
    let codes = crowd.refusals(&mut redis.connect());
    assert!(codes.contains("REUSEDTOKEN"), "{codes:?}");
}
