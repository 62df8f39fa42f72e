//! Failover to a replica whose clock differs from its primary's. Up to `hallpass.retry-window` nobody notices.

use std::time::Duration;

use super::failover::{cut_off, promote};
use crate::support::{clock::Clocked, *};

const MINUTES: Duration = Duration::from_secs(5 * 60);
const HOUR: Duration = Duration::from_secs(3600);
/// The number of clients of each kind.
const EACH: usize = 20;

/// The tokens of the clients when the primary dies.
struct Held {
    /// Tokens whose last rotation the replica has.
    current: Vec<(String, Tokens)>,
    /// Tokens from before that rotation, and those after it: the answer was lost.
    unanswered: Vec<(String, Tokens, Tokens)>,
    /// Tokens whose last rotation the replica lacks.
    ahead: Vec<(String, Tokens)>,
}

/// Starts a primary with the right clock, and a replica with another one.
fn pair(set: impl Fn(&Clocked)) -> (Redis, Clocked) {
    let primary = Redis::builder().tcp().start();
    let line = format!("replicaof 127.0.0.1 {}", primary.port());
    let replica = Clocked::start(Redis::builder().keyring(primary.ring().clone()).line(&line));
    set(&replica);
    let mut con = replica.redis.connect();
    let text = |con: &mut Con| con.get::<String>(&["INFO", "replication"]);
    wait_until("the replica is in sync", SOON, || text(&mut con).contains("master_link_status:up"));
    (primary, replica)
}

/// Logs all clients in on the primary, which then dies.
fn live_and_die(mut primary: Redis) -> Held {
    let mut con = primary.connect();
    let mut rotated = |kind: &str, number: usize| {
        let key = format!("auth:{kind}-{number}");
        let first = con.issue(&key, &[]).unwrap();
        let second = con.refresh(&key, &first.refresh, &[]).unwrap();
        (key, first, second)
    };
    let current = (0..EACH).map(|n| rotated("current", n)).map(|(key, _, second)| (key, second));
    let current = current.collect();
    let unanswered = (0..EACH).map(|n| rotated("unanswered", n)).collect();
    let before: Vec<_> = (0..EACH).map(|n| rotated("ahead", n)).collect();
    assert_eq!(con.get::<i64>(&["WAIT", "1", "30000"]), 1);
    cut_off(&primary);
    let rotate = |(key, _, second): (String, Tokens, Tokens)| {
        let third = con.refresh(&key, &second.refresh, &[]).unwrap();
        (key, third)
    };
    let ahead = before.into_iter().map(rotate).collect();
    primary.kill();
    Held { current, unanswered, ahead }
}

/// Asserts that all clients with the newest tokens can refresh.
fn newest_carry_on(con: &mut Con, held: &Held) {
    for (key, tokens) in held.current.iter().chain(&held.ahead) {
        let next = con.refresh(key, &tokens.refresh, &[]).unwrap();
        con.verify(key, &next.access, &[]).unwrap();
        con.refresh(key, &next.refresh, &[]).unwrap();
    }
    assert_eq!(con.counter("recovered"), EACH as u64);
}

/// Asserts that all clients carry on, and that a retry gets the tokens that were lost.
fn all_carry_on(con: &mut Con, held: &Held) {
    for (key, first, second) in &held.unanswered {
        let again = con.refresh(key, &first.refresh, &[]).unwrap();
        assert_eq!((&again.access, &again.refresh), (&second.access, &second.refresh));
    }
    for (key, tokens) in held.current.iter().chain(&held.ahead) {
        con.verify(key, &tokens.access, &[]).unwrap();
    }
    newest_carry_on(con, held);
    assert_eq!(con.counter("reused"), 0);
}

/// Seen to fail with a retry window of a minute.
#[test]
fn to_a_clock_that_is_some_minutes_off_everybody_carries_on() {
    for set in [|clock: &Clocked| clock.forward(MINUTES), |clock: &Clocked| clock.back(MINUTES)] {
        let (primary, replica) = pair(set);
        let held = live_and_die(primary);
        all_carry_on(&mut promote(&replica.redis), &held);
    }
}

/// Seen to fail if a clock that is behind makes the age huge.
#[test]
fn to_a_clock_that_is_an_hour_behind_everybody_carries_on() {
    let (primary, replica) = pair(|clock| clock.back(HOUR));
    let held = live_and_die(primary);
    all_carry_on(&mut promote(&replica.redis), &held);
}

#[test]
fn to_a_clock_that_is_an_hour_ahead_only_unanswered_refreshes_are_taken_for_theft() {
    let (primary, replica) = pair(|clock| clock.forward(HOUR));
    let held = live_and_die(primary);
    let mut con = promote(&replica.redis);
    for (key, tokens) in &held.current {
        assert_eq!(refused(con.verify(key, &tokens.access, &[])), "EXPIREDTOKEN", "a refresh helps");
    }
    newest_carry_on(&mut con, &held);
    for (key, first, _) in &held.unanswered {
        assert_eq!(refused(con.refresh(key, &first.refresh, &[])), "REUSEDTOKEN");
    }
}
