//! Revocation and limits under contention: no dead session comes back, no limit is overrun.

use std::{collections::BTreeSet, sync::Barrier, thread};

use crate::support::*;

/// The number of clients that refresh while another one revokes.
const REFRESHERS: usize = 64;
const ROUNDS: usize = 60;
/// The number of clients that log in at once.
const LOGINS: usize = 200;

/// The command that revokes the session while it is refreshed.
type Revocation = fn(&mut Con, &Tokens) -> i64;

/// Lets all clients refresh one session in each round, while another client revokes it. In every other round they go on
/// with the tokens that they get, and those that fall behind end the session themselves, as they must.
fn race(revoke: Revocation) {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut clients: Vec<Con> = (0..REFRESHERS).map(|_| redis.connect()).collect();
    for round in 0..ROUNDS {
        let (first, retried, goes_on) =
            (con.issue("auth:42", &[]).unwrap(), con.counter("retried"), round % 2 == 0);
        let (begin, start) = (Barrier::new(REFRESHERS + 1), &first.refresh);
        let minted: Vec<Tokens> = thread::scope(|scope| {
            let refreshing = |client| scope.spawn(|| refresh_until_refused(client, &begin, start, goes_on));
            let threads: Vec<_> = clients.iter_mut().map(refreshing).collect();
            begin.wait();
            if !goes_on {
                wait_until("they are at it", SOON, || con.counter("retried") > retried);
            }
            let ended = revoke(&mut con, &first);
            assert!(goes_on || ended == 1, "{ended} ended");
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(!con.records("auth:42").contains_key(&first.session_id), "round {round}");
        let different: BTreeSet<_> =
            minted.into_iter().map(|tokens| (tokens.access, tokens.refresh)).collect();
        for (access, refresh) in different {
            assert_eq!(refused(con.verify("auth:42", &access, &[])), "NOSESSION", "round {round}");
            assert_eq!(refused(con.refresh("auth:42", &refresh, &[])), "NOSESSION", "round {round}");
        }
    }
}

/// Refreshes `token`, and its successors if `goes_on`, until it is refused; returns the tokens.
fn refresh_until_refused(con: &mut Con, begin: &Barrier, token: &str, goes_on: bool) -> Vec<Tokens> {
    let mut token = token.to_owned();
    let mut minted = vec![];
    begin.wait();
    // Bounded, so that a failure of the revoking client is seen.
    for _ in 0..50_000 {
        match con.refresh("auth:42", &token, &[]) {
            Ok(next) if goes_on => {
                token.clone_from(&next.refresh);
                minted.push(next);
            }
            Ok(next) => minted = vec![next],
            Err(refusal) => {
                assert!(
                    refusal.code == "NOSESSION" || (goes_on && refusal.code == "REUSEDTOKEN"),
                    "{refusal:?}"
                );
                break;
            }
        }
    }
    minted
}

#[test]
fn revoking_all_leaves_no_living_session_behind_sixty_four_refreshes() {
    race(|con, _| con.get(&["AUTH.REVOKE", "auth:42", "ALL"]));
}

#[test]
fn revoking_a_session_leaves_none_behind_either() {
    race(|con, first| con.get(&["AUTH.REVOKE", "auth:42", "SESSION", &first.session_id]));
}

#[test]
fn revoking_by_token_leaves_none_behind_either() {
    race(|con, first| con.get(&["AUTH.REVOKE", "auth:42", "TOKEN", &first.refresh]));
}

/// Lets `LOGINS` clients issue a session of one subject at once; returns how many got one.
fn log_in_together(redis: &Redis, options: impl Fn(usize) -> Vec<&'static str> + Sync) -> usize {
    let begin = Barrier::new(LOGINS);
    thread::scope(|scope| {
        let one = |index: usize| {
            let (begin, options) = (&begin, &options);
            move || {
                let mut con = redis.connect();
                begin.wait();
                con.issue("auth:42", &options(index))
            }
        };
        let clients: Vec<_> = (0..LOGINS).map(|index| scope.spawn(one(index))).collect();
        let answers = clients.into_iter().map(|client| client.join().unwrap());
        answers.filter(allowed).count()
    })
}

/// Returns whether a session was created; every other answer must be SESSIONLIMIT.
fn allowed(answer: &Answer<Tokens>) -> bool {
    answer.as_ref().map_err(|refusal| assert_eq!(refusal.code, "SESSIONLIMIT")).is_ok()
}

#[test]
fn a_limit_of_three_leaves_exactly_three_of_two_hundred_logins() {
    let redis = Redis::start();
    let mut con = redis.connect();
    assert_eq!(log_in_together(&redis, |_| vec!["LIMIT", "3"]), LOGINS);
    assert_eq!(con.records("auth:42").len(), 3);
    assert_eq!((con.counter("issued"), con.counter("evicted")), (200, 197));
}

#[test]
fn a_limit_that_rejects_lets_exactly_three_in() {
    let redis = Redis::start();
    assert_eq!(log_in_together(&redis, |_| vec!["LIMIT", "3", "REJECT"]), 3);
    assert_eq!(redis.connect().records("auth:42").len(), 3);
}

#[test]
fn a_limit_per_class_leaves_exactly_three_of_each() {
    const CLASSES: [&str; 4] = ["web", "phone", "tv", "car"];
    let redis = Redis::start();
    let mut con = redis.connect();
    let plain = con.issue("auth:42", &[]).unwrap();
    log_in_together(&redis, |index| vec!["CLASS", CLASSES[index % 4], "LIMIT", "3"]);
    let list = redis.raw().call(&["AUTH.SESSIONS", "auth:42"]);
    for class in CLASSES {
        let of_class = |entry: &&Reply| {
            entry.pairs().contains(&("class".to_owned(), Reply::Bulk(class.as_bytes().to_vec())))
        };
        assert_eq!(list.items().iter().filter(of_class).count(), 3, "{class}");
    }
    assert_eq!(list.items().len(), 13);
    con.verify("auth:42", &plain.access, &[]).unwrap();
}

#[test]
fn the_cap_on_all_sessions_holds_as_well() {
    let redis = Redis::with(&["hallpass.session-limit 3"]);
    log_in_together(
        &redis,
        |index| if index % 2 == 0 { vec![] } else { vec!["CLASS", "web", "LIMIT", "50"] },
    );
    assert_eq!(redis.connect().records("auth:42").len(), 3);
}
