//! Many clients at once with one token.

use std::{collections::BTreeSet, sync::Barrier, thread, time::Duration};

use crate::support::*;

const CLIENTS: usize = 64;

/// Returns the answers to `CLIENTS` connections that refresh `token` at the same moment.
fn refresh_together(redis: &Redis, token: &str) -> Vec<Answer<Tokens>> {
    let barrier = Barrier::new(CLIENTS);
    thread::scope(|scope| {
        let one = || {
            let mut con = redis.connect();
            barrier.wait();
            con.refresh("auth:42", token, &[])
        };
        let handles: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(one)).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    })
}

#[test]
fn sixty_four_clients_with_one_token_get_one_successor() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["CLAIMS", r#"{"role":"admin"}"#]).unwrap();
    let answers = refresh_together(&redis, &first.refresh);

    let pairs: BTreeSet<_> = answers
        .into_iter()
        .map(|answer| answer.unwrap())
        .map(|tokens| (tokens.access, tokens.refresh))
        .collect();
    assert_eq!(pairs.len(), 1, "all the same");
    let (access, refresh) = pairs.into_iter().next().unwrap();
    assert_eq!(con.verify("auth:42", &access, &[]).unwrap()["gen"], 1);
    assert_eq!(con.refresh("auth:42", &refresh, &[]).unwrap().generation(), 2);
    assert_eq!(con.records("auth:42").len(), 1);
    assert_eq!(con.counter("retried"), 63);
}

#[test]
fn sixty_four_clients_with_a_stale_token_end_one_session_with_one_event() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let sibling = con.issue("auth:42", &[]).unwrap();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.refresh("auth:42", &second.refresh, &[]).unwrap();
    let run_id = con.run_id();
    let mut events = redis.raw();
    events.call(&["SUBSCRIBE", "hallpass:events"]);

    let mut codes: Vec<String> = refresh_together(&redis, &first.refresh).into_iter().map(refused).collect();
    codes.sort();
    assert_eq!(codes.pop().unwrap(), "REUSEDTOKEN");
    assert!(codes.iter().all(|code| code == "NOSESSION"), "{codes:?}");

    assert!(events.reply().items()[2].text().contains(&first.session_id));
    assert_eq!(events.reply_within(Duration::from_millis(300)), None, "exactly one event");
    assert_eq!(con.records("auth:42").into_keys().collect::<Vec<_>>(), [sibling.session_id]);
    assert_eq!(con.counter("reused"), 1);
    assert_eq!(con.run_id(), run_id);
}

#[test]
fn refresh_verify_and_issue_of_one_user_do_not_disturb_each_other() {
    let redis = Redis::start();
    let starts: Vec<Tokens> = (0..8).map(|_| redis.connect().issue("auth:42", &[]).unwrap()).collect();
    thread::scope(|scope| {
        for tokens in &starts {
            scope.spawn(|| {
                let mut con = redis.connect();
                let mut tokens = tokens.clone();
                for generation in 1..=50 {
                    tokens = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
                    let claims = con.verify("auth:42", &tokens.access, &[]).unwrap();
                    assert_eq!(claims["gen"], generation);
                }
            });
        }
    });
    assert_eq!(redis.connect().counter("refreshed"), 400);
}
