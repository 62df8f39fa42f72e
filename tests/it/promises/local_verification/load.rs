//! Many revocations while much else is done.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use super::{UNHEARD, observer::Program};
use crate::support::*;

/// Users whose sessions are revoked, one after the other.
const USERS: usize = 100;
/// The time from one revocation to the next.
const PACE: Duration = Duration::from_millis(20);
/// Users who refresh all the time.
const OTHERS: usize = 20;

/// When verifications of one token began: the latest that was accepted, and the latest that was not.
#[derive(Clone, Copy, Default)]
struct Latest {
    accepted: Option<Instant>,
    refused: Option<Instant>,
}

/// Seen to fail when pushes are not read.
#[test]
fn fifty_revocations_a_second_count_while_others_refresh() {
    let redis = Redis::start();
    let programs = [(); 2].map(|()| Program::of(&redis));
    let mut con = redis.connect();
    let login = |user: usize| con.issue(&format!("auth:{user}"), &[]).expect("a session").access;
    let tokens: Vec<String> = (0..USERS).map(login).collect();
    for program in &programs {
        tokens.iter().for_each(|token| program.learn(token));
    }
    let latest: Vec<Vec<Mutex<Latest>>> =
        programs.iter().map(|_| tokens.iter().map(|_| Mutex::default()).collect()).collect();
    let is_over = AtomicBool::new(false);
    let revoked: Vec<Instant> = thread::scope(|scope| {
        let _over = OnDrop(&is_over);
        for (program, latest) in programs.iter().zip(&latest) {
            scope.spawn(|| observe(program, &tokens, latest, &is_over));
        }
        scope.spawn(|| refresh_others(&redis, &is_over));
        let revoke = |user: usize| {
            thread::sleep(PACE);
            assert_eq!(con.get::<i64>(&["AUTH.REVOKE", &format!("auth:{user}"), "ALL"]), 1);
            Instant::now()
        };
        let revoked: Vec<Instant> = (0..USERS).map(revoke).collect();
        wait_until("all are refused", SOON, || {
            let is_refused = |(seen, at): (&Mutex<Latest>, &Instant)| {
                seen.lock().expect("nobody panicked").refused.is_some_and(|refused| refused > *at)
            };
            latest.iter().all(|latest| latest.iter().zip(&revoked).all(is_refused))
        });
        revoked
    });
    let accepted = latest.iter().flat_map(|latest| latest.iter().zip(&revoked)).filter_map(|(seen, at)| {
        Some(seen.lock().expect("nobody panicked").accepted?.saturating_duration_since(*at))
    });
    let late = accepted.max().expect("tokens were accepted");
    println!("50 revocations a second: {late:?}");
    assert!(late < UNHEARD, "{late:?}");
}

/// Verifies one token after the other.
fn observe(program: &Program, tokens: &[String], latest: &[Mutex<Latest>], is_over: &AtomicBool) {
    for (token, seen) in tokens.iter().zip(latest).cycle() {
        if is_over.load(SeqCst) {
            return;
        }
        let began = Instant::now();
        let is_accepted = program.verify(token).is_ok();
        let mut seen = seen.lock().expect("nobody panicked");
        *(if is_accepted { &mut seen.accepted } else { &mut seen.refused }) = Some(began);
    }
}

fn refresh_others(redis: &Redis, is_over: &AtomicBool) {
    let mut con = redis.connect();
    let key = |user: usize| format!("auth:other-{user}");
    let login = |user| con.issue(&key(user), &[]).expect("a session").refresh;
    let mut tokens: Vec<String> = (0..OTHERS).map(login).collect();
    for user in (0..OTHERS).cycle().take_while(|_| !is_over.load(SeqCst)) {
        tokens[user] = con.refresh(&key(user), &tokens[user], &[]).expect("the next one").refresh;
    }
}
