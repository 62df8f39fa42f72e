//! Promises to clients: a client without faults is never logged out.

use crate::check::{breaks, holds};
use crate::properties::*;
use crate::rules::{Budget, Fault, Rules};

/// Returns a client that loses requests and answers, and asks again within the retry window.
fn lossy() -> Rules {
    let mut rules = Rules::new(8, 4);
    rules.patience = Some(4);
    rules.budget = Budget { losses: 2, crashes: 1, failovers: 1, ..rules.budget };
    rules
}

/// Returns rules for two tabs that refresh within the race window. An access token lives longer than any message
/// travels.
fn tabs() -> Rules {
    let mut rules = Rules::new(7, 4).with_windows(3, 5);
    rules.tabs = 2;
    rules.pace = 2;
    rules.patience = Some(3);
    rules.budget = Budget { losses: 1, crashes: 1, failovers: 1, ..rules.budget };
    rules
}

const ALWAYS: [&str; 4] = [NOBODY_IS_LOGGED_OUT, ONE_SUCCESSOR, NEVER_BACK, NO_RETURN];

#[test]
fn a_client_that_loses_answers_and_asks_again_in_time_is_never_logged_out() {
    holds("lost answers", lossy(), &ALWAYS, &[A_RETRY, A_RECOVERY], 1_000_000);
}

#[test]
fn without_the_retry_window_a_lost_answer_logs_out() {
    breaks("no retry window", lossy().with_windows(2, 0), NOBODY_IS_LOGGED_OUT);
}

#[test]
fn without_recovery_a_failover_logs_out() {
    let mut rules = lossy();
    rules.policy.recovery = false;
    breaks("no recovery", rules, NOBODY_IS_LOGGED_OUT);
}

#[test]
fn a_client_that_asks_again_too_late_is_logged_out() {
    let mut rules = lossy();
    rules.patience = Some(5);
    breaks("asking again one tick late", rules, NOBODY_IS_LOGGED_OUT);
}

#[test]
fn two_tabs_that_refresh_within_the_race_window_never_log_each_other_out() {
    holds("two tabs", tabs(), &ALWAYS, &[A_RETRY, A_RECOVERY], 100_000);
}

#[test]
fn without_the_race_window_two_tabs_log_each_other_out() {
    breaks("no race window", tabs().with_windows(0, 5), NOBODY_IS_LOGGED_OUT);
}

#[test]
fn a_second_tab_that_is_heard_after_the_race_window_is_logged_out_once_the_successor_was_verified() {
    let mut rules = tabs();
    rules.patience = Some(4);
    breaks("a tab heard one tick late", rules, NOBODY_IS_LOGGED_OUT);
}

#[test]
fn a_late_answer_that_overwrites_a_newer_cookie_logs_out() {
    let mut rules = tabs();
    rules.pace = 0;
    rules.patience = None;
    breaks("refreshing while an older answer is underway", rules, NOBODY_IS_LOGGED_OUT);
}

#[test]
fn a_retry_that_minted_again_would_give_one_generation_two_successors() {
    breaks("retries mint", lossy().with_fault(Fault::RetryMintsAgain), ONE_SUCCESSOR);
}
