//! Promises to victims: a thief who uses the session is detected, unless it stays in step inside the windows.

use crate::check::{breaks, holds};
use crate::properties::*;
use crate::rules::{Budget, Fault, Rules};

/// Returns rules that let victim and thief do anything.
fn theft() -> Rules {
    let mut rules = Rules::new(7, 3);
    rules.budget = Budget { thefts: 1, stolen_asks: 3, losses: 1, crashes: 1, ..rules.budget };
    rules
}

/// Returns rules with which both go on using the session, each whenever its access token has expired, and never inside
/// a window that the other's refresh opened.
fn both_use_it() -> Rules {
    let mut rules = Rules::new(16, 7).with_windows(1, 3);
    rules.delay = 0;
    rules.pace = 4;
    rules.habit = Some(8);
    rules.theft_until = 2;
    rules.in_step = false;
    rules.budget = Budget { thefts: 1, stolen_asks: 7, losses: 1, crashes: 1, ..rules.budget };
    rules
}

#[test]
fn no_token_is_answered_twice_outside_its_windows() {
    let always = [NEVER_LATE, ONE_SUCCESSOR, MINTED_ONCE, NEVER_BACK, NO_RETURN];
    holds("theft", theft(), &always, &[A_RETRY, A_REUSE], 1_000_000);
}

#[test]
fn a_thief_and_a_victim_who_both_use_the_session_are_found_out() {
    holds("theft, out of step", both_use_it(), &[FOUND_OUT], &[A_REUSE], 10_000);
}

#[test]
fn a_failover_postpones_it_only() {
    let mut rules = both_use_it();
    rules.end = 20;
    rules.budget.losses = 0;
    rules.budget.failovers = 1;
    holds("theft and failover", rules, &[FOUND_OUT], &[A_RECOVERY, A_REUSE], 100_000);
}

#[test]
fn a_thief_in_step_inside_the_windows_is_not() {
    let mut rules = both_use_it();
    rules.in_step = true;
    breaks("in step", rules, FOUND_OUT);
}

#[test]
fn if_reuse_were_forgiven_a_thief_would_stay() {
    breaks("reuse forgiven", both_use_it().with_fault(Fault::ReuseIsForgiven), FOUND_OUT);
    breaks("reuse forgiven", theft().with_fault(Fault::ReuseIsForgiven), NEVER_LATE);
}

#[test]
fn without_receipts_a_token_would_be_answered_after_its_successor_arrived() {
    breaks("receipts ignored", theft().with_fault(Fault::ReceiptsAreIgnored), NEVER_LATE);
}
