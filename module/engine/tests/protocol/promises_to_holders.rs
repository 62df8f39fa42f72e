//! Promises to the holders of a shared session: whoever is not too far behind stays logged in, whatever the others do.

use crate::check::{breaks, holds};
use crate::holders::*;
use crate::rules::{Budget, Fault};

/// Returns a world with three holders of a session with SHARED 2, in which everything may happen.
fn three() -> Holders {
    let mut holders = Holders::new(3, 2, 7, 5);
    holders.rules.budget = Budget { losses: 1, crashes: 1, failovers: 1, ..holders.rules.budget };
    holders
}

/// Returns a world with holders that come back within the least time that SHARED generations last; without failovers,
/// which would shorten it.
fn regular() -> Holders {
    let mut holders = Holders::new(3, 2, 13, 12);
    holders.keep_up = false;
    holders.patience = Some(2 * holders.youth());
    holders.rules.budget = Budget { losses: 1, crashes: 1, ..holders.rules.budget };
    holders
}

/// Returns a world in which somebody uses the session at least once in an idle TTL, less half an access TTL.
fn used_now_and_then() -> Holders {
    let mut holders = Holders::new(2, 1, 24, 10);
    (holders.rules.policy.idle_ttl, holders.habit) = (6, Some(4));
    holders.rules.budget.failovers = 0;
    holders
}

/// Returns a world with a renderer whose loaders send the same cookie, and which never stores a new one.
fn dropped_cookies() -> Holders {
    let mut holders = used_now_and_then();
    holders.count = 1;
    holders.drop_answers = true;
    holders.rules.lifetime = Some(20);
    holders.rules.budget.asks = 30;
    holders
}

/// Returns a world in which every holder may present any token that it ever received.
fn stragglers() -> Holders {
    Holders { keep_up: false, ..three() }
}

fn with(mut holders: Holders, fault: Fault) -> Holders {
    holders.rules.fault = fault;
    holders
}

#[test]
fn holders_who_keep_up_never_log_each_other_out() {
    let always = [NO_HOLDER_IS_LOGGED_OUT, NONE_FROM_FURTHER_BACK];
    let sometimes = [A_SHARED_ANSWER, A_RENEWAL, A_ROTATION, A_LOST_ROTATION];
    holds("shared, keeping up", three(), &always, &sometimes, 100_000);
}

#[test]
fn without_shared_they_do() {
    let mut holders = three();
    // The others come as they came before.
    (holders.rules.policy.shared, holders.keep_up) = (0, false);
    breaks("not shared", holders, NO_HOLDER_IS_LOGGED_OUT);
}

#[test]
fn without_renewals_an_older_token_logs_all_out() {
    breaks("no renewals", with(three(), Fault::NoRenewals), NO_HOLDER_IS_LOGGED_OUT);
}

#[test]
fn without_recovery_a_failover_logs_holders_out() {
    let mut holders = three();
    holders.rules.policy.recovery = false;
    breaks("shared, no recovery", holders, NO_HOLDER_IS_LOGGED_OUT);
}

#[test]
fn a_generation_lasts_half_an_access_ttl_so_that_regular_holders_keep_up() {
    let always = [NO_HOLDER_IS_LOGGED_OUT, GENERATIONS_LAST, NONE_FROM_FURTHER_BACK];
    holds("shared, regular", regular(), &always, &[A_SHARED_ANSWER, A_ROTATION], 100_000);
}

#[test]
fn if_young_tokens_rotated_regular_holders_would_not_keep_up() {
    breaks("young tokens rotate", with(regular(), Fault::YoungTokensRotate), GENERATIONS_LAST);
    breaks("young tokens rotate", with(regular(), Fault::YoungTokensRotate), NO_HOLDER_IS_LOGGED_OUT);
}

#[test]
fn a_holder_that_comes_too_late_logs_all_out() {
    let mut holders = regular();
    holders.patience = Some(2 * holders.youth() + 2);
    breaks("a holder too late", holders, NO_HOLDER_IS_LOGGED_OUT);
}

/// An owner and a thief are two holders.
#[test]
fn two_holders_who_alternate_are_never_found_out() {
    let holders = Holders { count: 2, ..regular() };
    let always = [NO_HOLDER_IS_LOGGED_OUT];
    holds("shared, two who alternate", holders, &always, &[A_ROTATION, A_SHARED_ANSWER], 50_000);
}

#[test]
fn a_failover_may_cost_part_of_a_generation() {
    breaks("shared, failover", three(), GENERATIONS_LAST);
}

#[test]
fn whoever_uses_a_shared_session_keeps_it_alive() {
    let holders = used_now_and_then();
    holds("shared, used", holders, &[NO_HOLDER_IS_LOGGED_OUT], &[A_RENEWAL, A_ROTATION], 1_000);
}

#[test]
fn if_renewals_did_not_extend_it_a_used_session_would_end() {
    let holders = with(dropped_cookies(), Fault::RenewalsDoNotExtend);
    breaks("renewals do not extend", holders, ONLY_THE_LONGEST_LIFETIME_ENDS_IT);
}

#[test]
fn a_session_used_by_an_old_token_only_lives_to_its_longest_lifetime() {
    let always = [ONLY_THE_LONGEST_LIFETIME_ENDS_IT, NONE_FROM_FURTHER_BACK];
    holds("shared, cookies dropped", dropped_cookies(), &always, &[A_RENEWAL, A_ROTATION], 1_000);
    breaks("longest lifetime", dropped_cookies(), NO_HOLDER_IS_LOGGED_OUT);
}

#[test]
fn without_shared_a_dropped_cookie_logs_out() {
    let mut holders = dropped_cookies();
    holders.rules.policy.shared = 0;
    holders.keep_up = false;
    breaks("not shared, cookies dropped", holders, ONLY_THE_LONGEST_LIFETIME_ENDS_IT);
}

#[test]
fn a_token_from_further_back_ends_the_session() {
    holds("shared, stragglers", stragglers(), &[NONE_FROM_FURTHER_BACK], &[AN_END, A_RENEWAL], 100_000);
}

#[test]
fn if_reuse_were_forgiven_a_token_from_further_back_would_be_answered() {
    breaks("shared, reuse forgiven", with(stragglers(), Fault::ReuseIsForgiven), NONE_FROM_FURTHER_BACK);
}
