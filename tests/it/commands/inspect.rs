//! AUTH.INSPECT: how a refresh token would be answered, without exchanging it.

use std::time::Duration;

use crate::support::*;

/// Returns the reply of `AUTH.INSPECT auth:42 token` in RESP3.
fn inspect(redis: &Redis, token: &str) -> Reply {
    redis.raw().resp3().call(&["AUTH.INSPECT", "auth:42", token])
}

/// The members of a session without options, in order.
const MEMBERS: [&str; 10] =
    ["active", "state", "sub", "sid", "exp", "iat", "auth_time", "gen", "access_expires_at", "bound"];

/// Returns the member names of a reply, in order.
fn names(reply: &Reply) -> Vec<String> {
    reply.pairs().into_iter().map(|(name, _)| name).collect()
}

/// Returns whether a token is active, and its state.
fn state(redis: &Redis, token: &str) -> (bool, String) {
    let reply = inspect(redis, token);
    let Reply::Boolean(is_active) = reply.member("active") else { panic!("{reply:?}") };
    (is_active, reply.member("state").text())
}

fn active(state: &str) -> (bool, String) {
    (true, state.to_owned())
}

fn inactive(state: &str) -> (bool, String) {
    (false, state.to_owned())
}

#[test]
fn the_current_token_shows_its_session() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let options =
        ["CLIENT", "web", "AUDIENCE", "api", "ACCESSTTL", "70", "CLAIMS", r#"{"scope":"a b","role":"x"}"#];
    let tokens = con.issue("auth:42", &options).unwrap();
    let reply = inspect(&redis, &tokens.refresh);
    let claims = tokens.claims();
    let iat = claims["iat"].as_i64().unwrap();

    let expected = [&MEMBERS[..6], &["aud", "client_id", "scope"], &MEMBERS[6..]].concat();
    assert_eq!(names(&reply), expected);
    assert_eq!(reply.member("active"), Reply::Boolean(true));
    assert_eq!(reply.member("bound"), Reply::Boolean(true));
    assert_eq!(reply.member("auth_time"), Reply::Integer(claims["auth_time"].as_i64().unwrap()));
    assert_eq!(reply.member("gen"), Reply::Integer(0));
    assert_eq!(reply.member("access_expires_at"), Reply::Integer(iat + 70));
    assert_eq!(reply.member("iat"), Reply::Integer(iat));
    assert_eq!(reply.member("exp"), Reply::Integer(iat + 1_209_600));
    for (name, text) in [
        ("state", "current"),
        ("sub", "42"),
        ("sid", &tokens.session_id),
        ("aud", "api"),
        ("client_id", "web"),
        ("scope", "a b"),
    ] {
        assert_eq!(reply.member(name), Reply::Bulk(text.as_bytes().to_vec()), "{name}");
    }
}

#[test]
fn what_is_not_set_is_left_out() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for claims in ["{}", r#"{"scope":["a"]}"#, r#"{"scope":null}"#] {
        let tokens = con.issue("auth:42", &["CLAIMS", claims]).unwrap();
        let reply = inspect(&redis, &tokens.refresh);
        assert_eq!(names(&reply), MEMBERS, "{claims}");
        assert_eq!(reply.member("bound"), Reply::Boolean(false));
    }
    con.get::<()>(&["CONFIG", "SET", "hallpass.audience", "everybody"]);
    let tokens = con.issue("auth:42", &[]).unwrap();
    assert_eq!(inspect(&redis, &tokens.refresh).member("aud").text(), "everybody", "as in its tokens");
}

#[test]
fn in_resp2_it_is_a_flat_array_with_a_one_or_a_zero() {
    let redis = Redis::with(&["hallpass.race-window 0", "hallpass.retry-window 0"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    for (token, is_active) in [(&second.refresh, 1), (&first.refresh, 0)] {
        let flat = redis.raw().call(&["AUTH.INSPECT", "auth:42", token]);
        assert!(matches!(flat, Reply::Array(_)));
        assert_eq!(flat.member("active"), Reply::Integer(is_active));
        assert_eq!(names(&flat), names(&inspect(&redis, token)));
    }
}

#[test]
fn the_previous_token_is_a_retry_until_its_successor_was_seen() {
    let redis = Redis::with(&["hallpass.race-window 0"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(state(&redis, &first.refresh), active("retry"));
    assert_eq!(state(&redis, &second.refresh), active("current"));
    let iat = second.claims()["iat"].as_i64().unwrap();
    let reply = inspect(&redis, &first.refresh);
    assert_eq!(reply.member("iat"), Reply::Integer(iat), "of the rotation");
    assert_eq!(reply.member("exp"), Reply::Integer(iat + 1_209_600));

    con.verify("auth:42", &second.access, &[]).unwrap();
    assert_eq!(state(&redis, &first.refresh), inactive("reused"));
    con.get::<()>(&["CONFIG", "SET", "hallpass.race-window", "60"]);
    assert_eq!(state(&redis, &first.refresh), active("retry"), "two tabs may still race");
}

#[test]
fn an_older_token_is_reused_and_its_session_lives_on() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!(state(&redis, &first.refresh), inactive("reused"));
    assert_eq!(names(&inspect(&redis, &first.refresh)), MEMBERS);
    assert_eq!(con.counter("reused"), 0);
    con.refresh("auth:42", &third.refresh, &[]).unwrap();
}

#[test]
fn a_token_ahead_of_the_store_is_active_while_recovery_is_on() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let backup = con.records("auth:42").remove(&first.session_id).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.run(&[&b"HSET"[..], b"auth:42", first.session_id.as_bytes(), &backup]).unwrap();

    assert_eq!(state(&redis, &second.refresh), active("ahead"));
    con.get::<()>(&["CONFIG", "SET", "hallpass.recovery", "no"]);
    assert_eq!(state(&redis, &second.refresh), inactive("ahead"));
    assert_eq!(names(&inspect(&redis, &second.refresh)), MEMBERS);
    assert_eq!(con.counter("recovered") + con.counter("reused"), 0);
    assert_eq!(con.records("auth:42")[&first.session_id], backup);
}

#[test]
fn an_ended_session_is_gone_and_shows_only_whose_it_was() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let one = con.issue("auth:42", &["CLIENT", "web", "AUDIENCE", "api"]).unwrap();
    con.issue("auth:42", &[]).unwrap();
    for removal in [&["HDEL", "auth:42", &one.session_id][..], &["DEL", "auth:42"]] {
        con.get::<i64>(removal);
        let reply = inspect(&redis, &one.refresh);
        let texts = |name: &str| reply.member(name).text();
        assert_eq!(names(&reply), ["active", "state", "sub", "sid"]);
        assert_eq!(reply.member("active"), Reply::Boolean(false));
        assert_eq!([texts("state"), texts("sub"), texts("sid")], ["gone", "42", &one.session_id]);
    }
    con.get::<i64>(&["HSET", "auth:42", &one.session_id, "unreadable"]);
    assert_eq!(state(&redis, &one.refresh), inactive("gone"), "no record that can be read is no session");
}

#[test]
fn a_session_past_its_time_is_expired_and_stays_where_it_is() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let lasting = con.issue("auth:42", &[]).unwrap();
    let idle = con.issue("auth:42", &["IDLETTL", "1"]).unwrap();
    con.let_pass(Duration::from_millis(1100));
    assert_eq!(state(&redis, &idle.refresh), inactive("expired"));
    assert_eq!(names(&inspect(&redis, &idle.refresh)), MEMBERS);
    assert!(con.records("auth:42").contains_key(&idle.session_id));

    let now = (con.now_ms() / 1000).to_string();
    con.get::<()>(&["CONFIG", "SET", "hallpass.not-before", &now]);
    assert_eq!(state(&redis, &lasting.refresh), inactive("expired"));
    con.get::<()>(&["CONFIG", "SET", "hallpass.not-before", "0"]);
    assert_eq!(state(&redis, &lasting.refresh), active("current"));
}

#[test]
fn anything_but_a_refresh_token_of_this_key_is_invalid() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let token = &tokens.refresh;
    let stranger = con.issue("auth:43", &[]).unwrap();
    let other_server = Redis::start().connect().issue("auth:42", &[]).unwrap();
    let next = jwt::forge_refresh(redis.ring().key("sig-1"), token, "1");
    let bad = [
        "",
        "x",
        "hp1.....",
        &token[1..],
        &token[..token.len() - 1],
        &format!("{token} "),
        &token.replace("ref-1", "ref-2"),
        &tokens.access,
        &stranger.refresh,
        &other_server.refresh,
        &next,
    ];
    for bad in bad {
        assert_eq!(inspect(&redis, bad).error_code(), "INVALIDTOKEN", "{bad}");
    }
    assert_eq!(con.counter("invalid"), 11);
}

#[test]
fn a_key_that_is_not_a_session_key_is_refused() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let mut raw = redis.raw();
    let mut answer = |args: &[&str]| raw.call(&[&["AUTH.INSPECT"], args].concat()).text();
    assert!(answer(&["user:42", &tokens.refresh]).starts_with("ERR hallpass: "));
    assert!(answer(&["auth:42"]).starts_with("ERR wrong number of arguments"));
    assert!(answer(&["auth:42", &tokens.refresh, "CLIENT", "web"]).starts_with("ERR hallpass: syntax"));
    let twice = ["auth:42", &tokens.refresh, "WITHCLAIMS", "withclaims"];
    assert!(answer(&twice).starts_with("ERR hallpass: option given twice"));
    con.get::<()>(&["SET", "auth:42", "x"]);
    assert!(answer(&["auth:42", &tokens.refresh]).starts_with("WRONGTYPE "));
    assert_eq!(con.get::<String>(&["GET", "auth:42"]), "x");
}

#[test]
fn looking_changes_nothing() {
    let redis = Redis::with(&["hallpass.race-window 0"]);
    let mut con = redis.connect();
    let mut events = redis.raw();
    events.call(&["SUBSCRIBE", "hallpass:events"]);
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let before = (con.records("auth:42"), con.expires_at("auth:42"));
    let unsaved = |con: &mut Con| {
        let text: String = con.get(&["INFO", "persistence"]);
        text.lines().find(|line| line.starts_with("rdb_changes_since_last_save")).map(str::to_owned)
    };
    let unsaved_before = unsaved(&mut con);
    for _ in 0..20 {
        assert_eq!(state(&redis, &first.refresh), active("retry"), "a previous token proves nothing");
    }
    assert_eq!((con.records("auth:42"), con.expires_at("auth:42")), before);
    assert_eq!(unsaved(&mut con), unsaved_before, "nothing was written");
    assert_eq!((con.counter("refreshed"), con.counter("retried"), con.counter("verified")), (1, 0, 0));
    assert_eq!(events.reply_within(Duration::from_millis(200)), None);
    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(again.refresh, second.refresh);
}

#[test]
fn looking_at_the_current_token_proves_that_it_was_received() {
    let redis = Redis::with(&["hallpass.race-window 0"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(state(&redis, &first.refresh), active("retry"));
    assert_eq!(state(&redis, &second.refresh), active("current"));
    assert_eq!(state(&redis, &first.refresh), inactive("reused"));
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
}

#[test]
fn claims_are_shown_as_they_are_signed_and_only_when_asked_for() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let claims = r#"{"role":"x","n":[1,{"a":null}]}"#;
    let tokens = con.issue("auth:42", &["CLAIMS", claims]).unwrap();
    let plain = con.issue("auth:42", &[]).unwrap();
    assert!(!names(&inspect(&redis, &tokens.refresh)).contains(&"claims".to_owned()));
    let with_claims =
        |token: &str| redis.raw().resp3().call(&["AUTH.INSPECT", "auth:42", token, "withClaims"]);
    assert_eq!(with_claims(&tokens.refresh).member("claims").text(), claims);
    assert_eq!(names(&with_claims(&tokens.refresh)).last().unwrap(), "claims");
    assert_eq!(names(&with_claims(&plain.refresh)), MEMBERS);

    let mut record = con.records("auth:42").remove(&tokens.session_id).unwrap();
    let place = record.windows(claims.len()).position(|part| part == claims.as_bytes()).unwrap();
    record[place..place + claims.len()].copy_from_slice(br#"{"sub":"x","n":[1,{"a":null}] }"#);
    con.run(&[&b"HSET"[..], b"auth:42", tokens.session_id.as_bytes(), &record]).unwrap();
    assert_eq!(names(&with_claims(&tokens.refresh)), MEMBERS, "what this module did not write");
}

#[test]
fn the_times_are_those_of_the_session_and_of_its_last_rotation() {
    let redis = Redis::with(&["hallpass.access-ttl 1"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let auth_time = first.claims()["auth_time"].as_i64().unwrap();
    con.let_pass(Duration::from_millis(2100));
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let iat = second.claims()["iat"].as_i64().unwrap();
    let reply = inspect(&redis, &second.refresh);
    assert_eq!(reply.member("auth_time"), Reply::Integer(auth_time));
    assert_eq!(reply.member("gen"), Reply::Integer(1));
    assert_eq!(reply.member("access_expires_at"), Reply::Integer(iat + 1));
    con.let_pass(Duration::from_millis(2100));
    let later = inspect(&redis, &second.refresh).member("access_expires_at");
    assert_eq!(later, Reply::Integer(iat + 1), "also once that is over");
}
