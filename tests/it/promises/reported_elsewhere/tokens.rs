//! Reuse, grace windows, and tokens that are spent twice.

use std::{sync::Barrier, thread};

use super::*;

// archestra#6438, keycloak#16081
#[test]
fn reuse_of_one_token_leaves_the_other_devices_logged_in() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let devices: Vec<_> = (0..3).map(|_| con.issue("auth:42", &[]).unwrap()).collect();
    let second = con.refresh("auth:42", &devices[0].refresh, &[]).unwrap();
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &devices[0].refresh, &[])), "REUSEDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &third.refresh, &[])), "NOSESSION", "thief and victim");
    for device in &devices[1..] {
        con.verify("auth:42", &device.access, &[]).unwrap();
        con.refresh("auth:42", &device.refresh, &[]).unwrap();
    }
}

// Eventra#17845
#[test]
fn a_retry_does_not_fork_the_chain() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let tab = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let other_tab = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((&tab.access, &tab.refresh), (&other_tab.access, &other_tab.refresh), "one successor");
    let next = con.refresh("auth:42", &tab.refresh, &[]).unwrap();
    assert_eq!(con.refresh("auth:42", &other_tab.refresh, &[]).unwrap().refresh, next.refresh);
    assert_eq!(con.records("auth:42").len(), 1);
}

// ayunis-core#1047
#[test]
fn the_window_for_retries_does_not_slide() {
    let redis = Redis::with(&["hallpass.race-window 0", "hallpass.retry-window 2"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let began = con.now_ms();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let last = wait_for("the window ends although it is used all the time", SOON, || {
        con.refresh("auth:42", &first.refresh, &[]).err()
    });
    assert_eq!(last.code, "REUSEDTOKEN");
    assert!(con.now_ms() - began >= 2000, "it was open as long as it should");
}

// Eventra#17845
#[test]
fn nothing_is_minted_after_a_revoke() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(con.get::<i64>(&["AUTH.REVOKE", "auth:42", "SESSION", &first.session_id]), 1);
    for token in [&first.refresh, &second.refresh] {
        assert_eq!(refused(con.refresh("auth:42", token, &[])), "NOSESSION", "inside the race window, too");
    }
}

// keycloak#45647
#[test]
fn a_token_is_spent_once_however_many_spend_it_at_once() {
    const THIEVES: usize = 64;
    let redis = Redis::with(&["hallpass.race-window 0", "hallpass.retry-window 0"]);
    let first = redis.connect().issue("auth:42", &[]).unwrap();
    let barrier = Barrier::new(THIEVES);
    let answers: Vec<_> = thread::scope(|scope| {
        let spend = || {
            let mut con = redis.connect();
            barrier.wait();
            con.refresh("auth:42", &first.refresh, &[])
        };
        let thieves: Vec<_> = (0..THIEVES).map(|_| scope.spawn(spend)).collect();
        thieves.into_iter().map(|thief| thief.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let reused = |answer: &&Answer<Tokens>| answer.as_ref().is_err_and(|error| error.code == "REUSEDTOKEN");
    assert_eq!(answers.iter().filter(reused).count(), 1, "the second one ended the session");
}

// keycloak PR#51885
#[test]
fn a_replay_in_the_same_second_is_found_out() {
    let redis = Redis::start();
    let mut con = redis.connect();
    wait_until("a second begins, into which all fits", SOON, || con.now_ms() % 1000 < 100);
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    let replayed = con.refresh("auth:42", &first.refresh, &[]);
    assert_eq!(refused(replayed), "REUSEDTOKEN");
    assert_eq!(third.generation(), 2);
}
