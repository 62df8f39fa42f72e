//! kill -9 without an append-only file: Redis comes back in its last saved state, or empty.

use super::load_clients::{CLIENTS, Fault, LoadClients, Losses, kill};
use crate::support::*;

/// The number of times that Redis is killed.
const ROUNDS: usize = 3;
/// The numbers of answers after which Redis is saved and killed.
const SAVED: usize = 500;
const KILLED: usize = 1000;

/// Saves everything, under load.
fn save(redis: &Redis) {
    redis.connect().get::<()>(&["SAVE"]);
}

/// Seen to fail with `hallpass.recovery no`.
#[test]
fn a_snapshot_keeps_the_logins_before_it_and_their_later_refreshes_are_recovered() {
    let mut redis = Redis::with(&["save 3600 1000000"]);
    let mut crowd = LoadClients::log_in(&redis);
    let firsts = crowd.first_logins();
    let faults: [Fault<'_>; 2] = [(SAVED, &save), (KILLED, &kill)];
    for _ in 0..ROUNDS {
        crowd.work(&redis, &faults);
        redis.kill();
        redis.restart();
        let losses = crowd.carry_on(&redis);
        assert!(losses.logins > 0 && losses.rolled_back > 0, "{losses:?}");
        assert_eq!(crowd.first_logins(), firsts);
    }
}

/// Seen to fail with persistence on.
#[test]
fn without_persistence_everybody_is_told_that_the_session_is_gone_and_may_log_in() {
    let mut redis = Redis::start();
    let mut crowd = LoadClients::log_in(&redis);
    for _ in 0..ROUNDS {
        crowd.work(&redis, &[(KILLED, &kill)]);
        redis.kill();
        let logins = crowd.logins();
        redis.restart();
        let losses = crowd.carry_on(&redis);
        assert_eq!(losses, Losses { logins, rolled_back: 0 });
        assert!(logins > CLIENTS, "there was something to lose");
    }
    redis.connect().issue("auth:42", &[]).unwrap();
}
