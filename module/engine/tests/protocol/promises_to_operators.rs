//! Promises to operators: an ended session stays ended, with the exceptions of a failover and a reissue.

use crate::check::{breaks, holds};
use crate::properties::*;
use crate::rules::{Budget, Fault, Rules};

/// Returns rules with all events: logouts, logins with the same id, thefts, failovers, crashes.
fn everything() -> Rules {
    let mut rules = Rules::new(3, 2).with_windows(1, 2);
    rules.budget =
        Budget { failovers: 1, thefts: 1, stolen_asks: 2, revocations: 1, reissues: 1, ..rules.budget };
    rules
}

#[test]
fn an_ended_session_never_comes_back_by_itself() {
    let always = [NO_RETURN, NEVER_LATE, ONE_SUCCESSOR, NEVER_BACK];
    holds("everything", everything(), &always, &[A_RETRY, A_RECOVERY, A_REUSE], 1_000_000);
}

#[test]
fn if_a_refresh_were_not_atomic_a_revoked_session_would_come_back() {
    breaks("not atomic", everything().with_fault(Fault::WritesLater), NO_RETURN);
}

#[test]
fn if_a_refresh_could_insert_a_revoked_session_would_come_back() {
    breaks("refresh inserts", everything().with_fault(Fault::RefreshInserts), NO_RETURN);
}

#[test]
fn a_log_out_is_final() {
    let mut rules = everything();
    rules.end = 4;
    (rules.budget.failovers, rules.budget.reissues, rules.budget.crashes) = (0, 0, 1);
    let always = [LOG_OUT_IS_FINAL, NO_RETURN, MINTED_ONCE];
    holds("log-outs", rules, &always, &[A_RETRY, A_REUSE], 40_000);
}

#[test]
fn a_failover_can_bring_back_what_was_revoked() {
    let mut rules = everything();
    rules.budget.reissues = 0;
    breaks("failover", rules, LOG_OUT_IS_FINAL);
}

/// The session id is issued again, also at the same moment.
fn reissued() -> Rules {
    let mut rules = everything();
    rules.budget.failovers = 0;
    rules
}

#[test]
fn a_session_id_that_is_issued_again_revives_no_token() {
    let always = [LOG_OUT_IS_FINAL, NO_RETURN, NEVER_BACK];
    holds("a session id issued again", reissued(), &always, &[A_RETRY, A_REUSE], 10_000);
}

#[test]
fn if_tokens_were_of_a_session_id_and_not_of_a_login_they_would_be_revived() {
    breaks("any login", reissued().with_fault(Fault::AnyLogin), LOG_OUT_IS_FINAL);
}

#[test]
fn after_a_failover_a_generation_may_be_minted_again_at_another_time() {
    let mut rules = everything();
    (rules.budget.revocations, rules.budget.reissues) = (0, 0);
    breaks("failover", rules, MINTED_ONCE);
}
