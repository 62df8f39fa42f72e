//! What must hold in every world, and what breaks without each mechanism.

use super::world::World;
use super::{Budget, Fault, Rules};
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::io::Write;

/// Nobody passes with a token of which the client has heard that it is void.
const HEARD: &str = "what is heard to be void does not pass";
/// Nor for longer than a second if the client could not hear it.
const SOON: &str = "what is void for a second does not pass";
/// Nor while Redis is away.
const STALE: &str = "what is heard to be void does not pass as stale";
/// Happens: a kept answer is used.
const USED: &str = "a kept answer is used";

pub fn all() -> Vec<Property<Rules>> {
    vec![
        Property::always(HEARD, |rules: &Rules, world: &World| !world.is_heard() || !world.passes(rules)),
        Property::always(SOON, |rules: &Rules, world: &World| !world.is_long_void() || !world.passes(rules)),
        Property::always(STALE, |_, world: &World| !world.is_heard() || !world.passes_as_stale()),
        Property::sometimes(USED, |rules: &Rules, world: &World| world.passes(rules)),
    ]
}

/// Visits every world within the budget: nothing may break.
#[track_caller]
fn holds(what: &str, budget: Budget, at_least: usize) {
    let rules = Rules { fault: Fault::None, budget };
    let wrong = [HEARD, SOON, STALE].into_iter().collect();
    let checker = rules.checker().finish_when(HasDiscoveries::AnyOf(wrong)).spawn_bfs().join();
    for promise in [HEARD, SOON, STALE] {
        checker.assert_no_discovery(promise);
    }
    assert!(checker.discoveries().contains_key(USED), "{what}: nothing was ever kept");
    let visited = checker.unique_state_count();
    say(&format!("{what}: {visited} states, {} events deep", checker.max_depth()));
    assert!(visited >= at_least, "{what}: only {visited} states");
}

/// Finds the shortest way in which a promise breaks without a mechanism.
#[track_caller]
fn breaks(fault: Fault, promise: &'static str, budget: Budget) {
    let rules = Rules { fault, budget };
    let finish = HasDiscoveries::AnyOf([promise].into_iter().collect());
    let checker = rules.checker().finish_when(finish).spawn_bfs().join();
    let path = checker.assert_any_discovery(promise).into_actions();
    say(&format!("{fault:?}: breaks “{promise}” after {path:?}"));
}

/// Past the test harness, which shows what a test prints only when it fails.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

const NOTHING: Budget =
    Budget { asks: 0, beats: 0, revocations: 0, flushes: 0, reloads: 0, cuts: 0, losses: 0, ticks: 0 };
const ONE_REVOCATION: Budget = Budget { asks: 1, beats: 2, revocations: 1, ticks: 5, ..NOTHING };

#[test]
fn a_revocation_counts_in_every_order_of_events() {
    let questions = Budget { asks: 3, beats: 1, revocations: 1, ..NOTHING };
    holds("three questions and a revocation", questions, 5_000);
    let network = Budget { asks: 1, beats: 2, revocations: 1, ticks: 5, cuts: 1, ..NOTHING };
    holds("a revocation while the network swallows", network, 90_000);
    let reconnection = Budget { asks: 2, revocations: 1, losses: 2, ..NOTHING };
    holds("a revocation while connections are lost", reconnection, 9_000);
    let slow = Budget { asks: 1, beats: 1, revocations: 1, ticks: 4, losses: 1, ..NOTHING };
    holds("a revocation while a connection is lost, and time passes", slow, 80_000);
}

#[test]
fn a_deletion_of_everything_counts_in_every_order_of_events() {
    holds("deletion", Budget { asks: 1, beats: 1, flushes: 1, cuts: 1, ticks: 4, ..NOTHING }, 20_000);
    holds("deletion, two questions", Budget { asks: 2, flushes: 1, losses: 1, ..NOTHING }, 3_000);
}

#[test]
fn a_removal_of_keys_counts_in_every_order_of_events() {
    holds("reload", Budget { asks: 1, beats: 2, reloads: 1, ticks: 5, ..NOTHING }, 60_000);
    holds(
        "reload while a connection is lost",
        Budget { asks: 1, beats: 1, reloads: 1, losses: 1, ticks: 4, ..NOTHING },
        100_000,
    );
}

#[test]
fn without_epochs_a_revoked_answer_is_kept() {
    breaks(Fault::EpochsAreIgnored, HEARD, ONE_REVOCATION);
}

#[test]
fn without_rounds_an_answer_outlives_what_made_all_void() {
    breaks(Fault::RoundsAreIgnored, HEARD, Budget { asks: 1, flushes: 1, ..NOTHING });
    breaks(
        Fault::RoundsAreIgnored,
        SOON,
        Budget { asks: 1, revocations: 1, losses: 1, beats: 1, ticks: 4, ..NOTHING },
    );
}

#[test]
fn without_heartbeats_a_swallowed_push_is_never_missed() {
    breaks(Fault::HeartbeatsAreIgnored, SOON, Budget { cuts: 1, ..ONE_REVOCATION });
}

#[test]
fn without_the_standing_a_removed_key_is_never_missed() {
    breaks(Fault::StandingIsIgnored, SOON, Budget { asks: 1, beats: 2, reloads: 1, ticks: 5, ..NOTHING });
}

#[test]
fn a_heartbeat_would_hide_a_push_that_is_applied_later() {
    breaks(Fault::PushesWait, SOON, ONE_REVOCATION);
}

#[test]
fn a_question_over_an_older_connection_would_be_kept_with_the_new_ones() {
    let budget = Budget { asks: 1, beats: 1, revocations: 1, losses: 1, ticks: 4, ..NOTHING };
    breaks(Fault::ConnectionComesFirst, SOON, budget);
}
