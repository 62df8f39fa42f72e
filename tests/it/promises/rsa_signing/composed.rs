//! Clients that may not wait, and many that wait at once: transactions, scripts, pipelines.

use std::{collections::BTreeSet, sync::Barrier, thread};

use super::*;

const CLIENTS: usize = 50;

#[test]
fn inside_a_transaction_the_signature_is_made_at_once() {
    for alg in ["RS256", "PS256"] {
        let redis = signing_with(alg);
        let mut con = redis.connect();
        let tokens = con.issue("auth:42", &[]).unwrap();
        let mut raw = redis.raw();
        raw.call(&["MULTI"]);
        raw.call(&["AUTH.ISSUE", "auth:43"]);
        raw.call(&["AUTH.REFRESH", "auth:42", &tokens.refresh]);
        raw.call(&["AUTH.REFRESH", "auth:42", &tokens.refresh]);
        raw.call(&["SET", "order", "1"]);
        let replies = raw.call(&["EXEC"]);
        let [issued, refreshed, again, set] = replies.items() else { panic!("{replies:?}") };
        con.verify("auth:43", &text(issued, "access_token"), &[]).unwrap();
        con.verify("auth:42", &text(refreshed, "access_token"), &[]).unwrap();
        assert_eq!(text(again, "refresh_token"), text(refreshed, "refresh_token"));
        assert_eq!(set.text(), "OK");
    }
}

#[test]
fn inside_a_script_the_signature_is_made_at_once() {
    for alg in ["RS256", "PS256"] {
        let redis = signing_with(alg);
        let mut con = redis.connect();
        let script = "redis.setresp(3)
            local first = redis.call('AUTH.ISSUE', KEYS[1])['map']['refresh_token']
            local second = redis.call('AUTH.REFRESH', KEYS[1], first)['map']
            local again = redis.call('AUTH.REFRESH', KEYS[1], first)['map']
            return {second['refresh_token'], again['refresh_token'], again['access_token']}";
        let [second, again, access]: [String; 3] = con.get(&["EVAL", script, "1", "auth:42"]);
        assert_eq!(second, again);
        assert_eq!(con.verify("auth:42", &access, &[]).unwrap()["gen"], 1);
    }
}

#[test]
fn pipelined_commands_are_answered_in_their_order() {
    for alg in ["RS256", "PS256"] {
        let redis = signing_with(alg);
        let tokens = redis.connect().issue("auth:42", &[]).unwrap();
        let mut raw = redis.raw();
        raw.send(&["AUTH.REFRESH", "auth:42", &tokens.refresh]);
        raw.send(&["PING", "one"]);
        raw.send(&["AUTH.ISSUE", "auth:42"]);
        raw.send(&["AUTH.VERIFY", "auth:42", &tokens.access]);
        raw.send(&["AUTH.REFRESH", "auth:42", &tokens.refresh]);
        raw.send(&["AUTH.REFRESH", "auth:42", "x"]);
        raw.send(&["PING", "two"]);
        let replies: Vec<Reply> = (0..7).map(|_| raw.reply()).collect();
        assert_eq!((replies[1].text(), replies[6].text()), ("one".into(), "two".into()));
        assert_eq!(replies[2].pairs().len(), 6, "ISSUE names what was evicted");
        assert!(replies[3].text().contains(&tokens.session_id));
        assert_eq!(text(&replies[0], "refresh_token"), text(&replies[4], "refresh_token"));
        assert_eq!(replies[5].error_code(), "INVALIDTOKEN");
    }
}

#[test]
fn a_client_sees_what_it_wrote_while_another_waits_for_its_signature() {
    let redis = signing_with("RS256");
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let (mut waiting, mut next) = (redis.raw(), redis.raw());
    all_at_once(&redis, || {
        waiting.send(&["AUTH.REFRESH", "auth:42", &tokens.refresh]);
        next.send(&["AUTH.INSPECT", "auth:42", &tokens.refresh]);
    });
    assert_eq!(text(&next.reply(), "state"), "retry", "the rotation is decided and written");
    con.verify("auth:42", &text(&waiting.reply(), "access_token"), &[]).unwrap();
}

#[test]
fn fifty_clients_with_one_token_get_one_successor() {
    let redis = signing_with("RS256");
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let answers = together(|_| redis.connect().refresh("auth:42", &first.refresh, &[]).unwrap());
    let pairs: BTreeSet<_> =
        answers.iter().map(|tokens| (tokens.access.as_str(), tokens.refresh.as_str())).collect();
    let (access, refresh) = *pairs.first().unwrap();
    assert_eq!(pairs.len(), 1, "all the same");
    con.verify("auth:42", access, &[]).unwrap();
    con.refresh("auth:42", refresh, &[]).unwrap();
    assert_eq!((con.counter("refreshed"), con.counter("retried")), (2, CLIENTS as u64 - 1));
}

#[test]
fn fifty_clients_with_users_of_their_own_each_get_their_own_tokens() {
    for alg in ["RS256", "PS256"] {
        let redis = signing_with(alg);
        together(|client| {
            let mut con = redis.connect();
            let key = format!("auth:{client}");
            let mut tokens = con.issue(&key, &[]).unwrap();
            for generation in 1..=5 {
                tokens = con.refresh(&key, &tokens.refresh, &[]).unwrap();
                let claims = con.verify(&key, &tokens.access, &[]).unwrap();
                let own = (client.to_string().into(), generation.into());
                assert_eq!((&claims["sub"], &claims["gen"]), (&own.0, &own.1));
            }
        });
        let mut con = redis.connect();
        assert_eq!((con.counter("issued"), con.counter("refreshed")), (50, 250));
        assert_eq!(waiting(&mut con), 0);
    }
}

/// Runs `work` in [`CLIENTS`] threads that start together.
fn together<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (barrier, work) = (Barrier::new(CLIENTS), &work);
    thread::scope(|scope| {
        let one = |client| {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                work(client)
            })
        };
        let threads: Vec<_> = (0..CLIENTS).map(one).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
