//! AUTH.ISSUE … SHARED n: what it takes, what AUTH.INSPECT tells of it, and how it is counted.

use std::time::Duration;

use crate::support::{clock::Clocked, *};

/// `state` and `active` of a token.
fn state(redis: &Redis, token: &str) -> (String, Reply) {
    let reply = redis.raw().resp3().call(&["AUTH.INSPECT", "auth:42", token]);
    (reply.member("state").text(), reply.member("active"))
}

fn active(state: &str) -> (String, Reply) {
    (state.to_owned(), Reply::Boolean(true))
}

#[test]
fn from_0_to_1000_generations_may_be_shared() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for shared in ["0", "1", "1000"] {
        con.issue("auth:42", &["shared", shared]).unwrap();
    }
    for bad in ["-1", "1001", "", "1.0", "01", "all"] {
        assert_eq!(refused(con.issue("auth:43", &["SHARED", bad])), "ERR", "{bad}");
    }
    assert_eq!(refused(con.issue("auth:43", &["SHARED"])), "ERR");
    assert_eq!(refused(con.issue("auth:43", &["SHARED", "1", "SHARED", "1"])), "ERR");
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:43"]), 0);
    assert_eq!(refused(con.refresh("auth:42", "x", &["SHARED", "1"])), "ERR", "it is the login's to say");
}

#[test]
fn both_protocols_answer_alike() {
    let redis = Redis::start();
    for (mut con, subject) in [(redis.connect(), "auth:2"), (redis.connect3(), "auth:3")] {
        let first = con.issue(subject, &["SHARED", "1"]).unwrap();
        let second = con.refresh(subject, &first.refresh, &[]).unwrap();
        let texts = |tokens: Tokens| (tokens.access, tokens.refresh, tokens.session_id);
        assert_eq!(texts(second), texts(first), "the first token is young");
    }
}

#[test]
fn while_the_access_token_is_young_refreshing_changes_nothing() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &["SHARED", "1"]).unwrap();
    let before = (con.records("auth:42"), con.expires_at("auth:42"));
    clocked.forward(Duration::from_secs(400));
    let again = con.refresh("auth:42", &first.refresh, &["META", r#"{"a":1}"#]).unwrap();
    assert_eq!((&again.access, &again.refresh), (&first.access, &first.refresh));
    assert_eq!((con.records("auth:42"), con.expires_at("auth:42")), before, "META of a retry is ignored");
    clocked.forward(Duration::from_secs(455));
    let next = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(next.generation(), 1, "from half its lifetime on");
}

#[test]
fn an_older_token_renews_the_generation_and_its_access_token() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &["SHARED", "1"]).unwrap();
    clocked.forward(Duration::from_secs(1_000));
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    clocked.forward(Duration::from_secs(1_000 + 800));
    let renewed = con.refresh("auth:42", &first.refresh, &["META", r#"{"at":"home"}"#]).unwrap();
    assert_eq!(renewed.refresh, second.refresh, "the same generation");
    assert!((895..=900).contains(&renewed.expires_in), "and a new access token: {renewed:?}");
    assert!(renewed.refresh_expires_in > 1_209_590, "the session lives on");
    con.verify("auth:42", &renewed.access, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    let meta = redis_meta(&clocked.redis);
    assert_eq!(meta, r#"{"at":"home"}"#);
    let jti = |tokens: &Tokens| tokens.claims()["jti"].to_string();
    assert_ne!(jti(&renewed), jti(&second));
}

fn redis_meta(redis: &Redis) -> String {
    redis.raw().call(&["AUTH.SESSIONS", "auth:42"]).items()[0].member("meta").text()
}

#[test]
fn inspection_tells_what_a_refresh_would_do() {
    let clocked = Clocked::with(&[]);
    let redis = &clocked.redis;
    let mut con = redis.connect();
    let mut tokens = vec![con.issue("auth:42", &["SHARED", "2"]).unwrap().refresh];
    for round in 1..=3 {
        clocked.forward(Duration::from_secs(round * 500));
        tokens.push(con.refresh("auth:42", tokens.last().unwrap(), &[]).unwrap().refresh);
    }
    for later in [0, 460] {
        clocked.forward(Duration::from_secs(1_500 + later));
        assert_eq!(state(redis, &tokens[3]), active("current"));
        assert_eq!(state(redis, &tokens[2]), active("shared"));
        assert_eq!(state(redis, &tokens[1]), active("shared"));
        assert_eq!(state(redis, &tokens[0]), ("reused".into(), Reply::Boolean(false)));
    }
    let flat = redis.raw().call(&["AUTH.INSPECT", "auth:42", &tokens[1]]);
    assert_eq!((flat.member("state").text(), flat.member("active")), ("shared".into(), Reply::Integer(1)));
    let before = con.records("auth:42");
    con.refresh("auth:42", &tokens[3], &["ACCESS", "x"]).unwrap_err();
    assert_eq!(con.records("auth:42"), before);
}

#[test]
fn answers_to_older_tokens_are_counted_with_their_delay() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &["SHARED", "1"]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((con.counter("retried"), con.counter("shared")), (1, 0), "of the current token: a retry");
    clocked.forward(Duration::from_secs(500));
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((con.counter("refreshed"), con.counter("retried"), con.counter("shared")), (1, 1, 1));
    clocked.forward(Duration::from_secs(500 + 700));
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((con.counter("refreshed"), con.counter("shared")), (1, 2));
    let histogram = con.info("retry_delay");
    assert!(histogram.ends_with("more=1"), "{histogram}");
    let counts = histogram.split(',').map(|bucket| bucket.split_once('=').unwrap().1.parse::<u64>().unwrap());
    assert_eq!(counts.sum::<u64>(), 3);
}

#[test]
fn a_bound_session_answers_all_its_holders_by_its_client_only() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &["SHARED", "1", "CLIENT", "web"]).unwrap();
    clocked.forward(Duration::from_secs(500));
    let web = ["CLIENT", "web"];
    con.refresh("auth:42", &first.refresh, &web).unwrap();
    clocked.forward(Duration::from_secs(1_000));
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "INVALIDTOKEN");
    con.refresh("auth:42", &first.refresh, &web).unwrap();
}

#[test]
fn receipts_are_counted() {
    let clocked = Clocked::with(&["hallpass.retry-window 100"]);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    for _ in 0..3 {
        con.verify("auth:42", &first.access, &[]).unwrap();
    }
    con.run(&["AUTH.INSPECT", "auth:42", &first.refresh]).unwrap();
    assert_eq!((con.counter("receipts_kept"), con.counter("receipts_dropped")), (1, 0), "of one login");
    let other = con.issue("auth:42", &[]).unwrap();
    clocked.forward(Duration::from_secs(101));
    con.verify("auth:42", &other.access, &[]).unwrap();
    assert_eq!(con.counter("receipts_kept"), 1, "too old to be of any use");
}
