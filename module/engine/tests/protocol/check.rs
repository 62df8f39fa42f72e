//! Runs the checker, and prints the number of states that it visited.

use stateright::{Checker, HasDiscoveries, Model};
use std::fmt::Debug;
use std::hash::Hash;
use std::io::Write;

/// A model that the checker can walk through.
pub trait World: Model<Action: Clone + Debug + PartialEq + Send + Sync> + Send + Sync + 'static {}
impl<M: Model<Action: Clone + Debug + PartialEq + Send + Sync> + Send + Sync + 'static> World for M {}

/// A state that the checker can visit.
pub trait State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static {}
impl<S: Clone + Debug + Hash + PartialEq + Send + Sync + 'static> State for S {}

/// Visits every world that the rules allow: `always` must hold in all of them, `sometimes` in one each. Fewer worlds
/// than `at_least` would mean that the bounds have become too narrow.
#[track_caller]
pub fn holds<M: World>(promise: &str, rules: M, always: &[&'static str], sometimes: &[&str], at_least: usize)
where
    M::State: State,
{
    let wrong = always.iter().copied().collect();
    let checker = rules.checker().finish_when(HasDiscoveries::AnyOf(wrong)).spawn_bfs().join();
    for property in always {
        checker.assert_no_discovery(property);
    }
    for property in sometimes {
        assert!(checker.discoveries().contains_key(property), "{promise}: never happens: {property}");
    }
    let visited = checker.unique_state_count();
    say(&format!("{promise}: {visited} states, {} events deep", checker.max_depth()));
    assert!(visited >= at_least, "{promise}: only {visited} states");
}

/// Prints the shortest way in which `property` breaks; the checker must find one.
#[track_caller]
pub fn breaks<M: World>(without: &str, rules: M, property: &'static str)
where
    M::State: State,
{
    let finish = HasDiscoveries::AnyOf([property].into_iter().collect());
    let checker = rules.checker().finish_when(finish).spawn_bfs().join();
    let path = checker.assert_any_discovery(property).into_actions();
    say(&format!("{without}: breaks “{property}” after {path:?}"));
}

/// Prints past the test harness, which shows the output of failed tests only.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
