//! AUTH.SETCLAIMS: new claims, and the tokens that they make stale.

use std::time::Duration;

use crate::support::*;

/// A session id that nobody has.
const UNKNOWN: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Returns the reply of `AUTH.SETCLAIMS auth:42 …`.
#[track_caller]
fn set_claims(con: &mut Con, target: &str, json: &str) -> i64 {
    con.get(&["AUTH.SETCLAIMS", "auth:42", target, json])
}

/// Returns the claims version of a session's tokens.
fn version(tokens: &Tokens) -> i64 {
    tokens.claims()["cv"].as_i64().unwrap()
}

#[test]
fn a_change_makes_tokens_stale_and_a_refresh_repairs_it() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["CLAIMS", r#"{"role":"admin","a":1}"#]).unwrap();
    con.verify("auth:42", &first.access, &[]).unwrap();
    assert_eq!(set_claims(&mut con, "ALL", r#"{ "role":"user" }"#), 1);

    assert_eq!(refused(con.verify("auth:42", &first.access, &[])), "STALETOKEN", "also one in the cache");
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let claims = con.verify("auth:42", &second.access, &[]).unwrap();
    assert_eq!((&claims["role"], claims.get("a")), (&"user".into(), None), "replaced, not merged");
    assert_eq!(refused(con.verify("auth:42", &first.access, &[])), "STALETOKEN", "for ever");
    assert_eq!(con.counter("stale"), 2);
}

#[test]
fn a_stale_access_token_still_binds_a_refresh() {
    let redis = Redis::with(&["hallpass.refresh-requires-access yes"]);
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    set_claims(&mut con, "ALL", r#"{"a":1}"#);
    let second = con.refresh("auth:42", &first.refresh, &["ACCESS", &first.access]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
}

#[test]
fn the_version_is_the_time_or_one_more_than_before() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut tokens = con.issue("auth:42", &[]).unwrap();
    assert_eq!(version(&tokens), 0, "at first");
    let mut versions = vec![];
    let began = con.now_ms() / 1000;
    for _ in 0..5 {
        set_claims(&mut con, "ALL", "{}");
        assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "STALETOKEN", "each one counts");
        tokens = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
        con.verify("auth:42", &tokens.access, &[]).unwrap();
        versions.push(version(&tokens));
    }
    let (ended, highest) = (con.now_ms() / 1000, versions[4]);
    assert!((began..=ended).contains(&versions[0]), "{versions:?}");
    assert!(versions.windows(2).all(|pair| pair[0] < pair[1]), "{versions:?}");
    assert!(highest <= ended + 4, "as if each had its own second: {versions:?}");

    con.let_pass(Duration::from_secs(u64::try_from(highest - ended).unwrap_or(0) + 2));
    set_claims(&mut con, "ALL", "{}");
    let tokens = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert!(version(&tokens) > highest + 1 && version(&tokens) <= con.now_ms() / 1000, "the time again");
}

#[test]
fn a_retry_after_the_change_carries_the_new_claims() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["CLAIMS", r#"{"a":1}"#]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    set_claims(&mut con, "ALL", r#"{"a":2}"#);
    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(again.refresh, second.refresh, "the same successor");
    assert_eq!(again.claims()["a"], 2);
    con.verify("auth:42", &again.access, &[]).unwrap();
    assert_eq!(refused(con.verify("auth:42", &second.access, &[])), "STALETOKEN");
}

#[test]
fn one_session_or_all_of_them() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens: Vec<Tokens> = (0..3).map(|_| con.issue("auth:42", &[]).unwrap()).collect();
    let other = con.issue("auth:43", &[]).unwrap();
    assert_eq!(set_claims(&mut con, &tokens[1].session_id, r#"{"a":1}"#), 1);
    con.verify("auth:42", &tokens[0].access, &[]).unwrap();
    con.verify("auth:42", &tokens[2].access, &[]).unwrap();
    assert_eq!(refused(con.verify("auth:42", &tokens[1].access, &[])), "STALETOKEN");
    assert_eq!(set_claims(&mut con, "all", "{}"), 3);
    assert_eq!(refused(con.verify("auth:42", &tokens[0].access, &[])), "STALETOKEN");
    con.verify("auth:43", &other.access, &[]).unwrap();
    let before = con.records("auth:42");
    for unknown in [UNKNOWN, "x", "", &tokens[0].session_id.to_uppercase()] {
        assert_eq!(set_claims(&mut con, unknown, r#"{"b":1}"#), 0, "{unknown}");
    }
    assert_eq!(con.records("auth:42"), before);
    assert_eq!(con.get::<i64>(&["AUTH.SETCLAIMS", "auth:44", "ALL", "{}"]), 0);
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:44"]), 0, "only ISSUE creates a session");
}

#[test]
fn everything_else_about_the_session_stays() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let options = ["CLASS", "web", "META", r#"{"m":1}"#, "AUDIENCE", "api", "IDLETTL", "1000"];
    let first = con.issue("auth:42", &options).unwrap();
    let mut raw = redis.raw().resp3();
    let mut shown = || {
        let reply = raw.call(&["AUTH.SESSIONS", "auth:42", "WITHCLAIMS"]);
        reply.items()[0].pairs().into_iter().filter(|(name, _)| name != "claims").collect::<Vec<_>>()
    };
    let before = (shown(), con.expires_at("auth:42"));
    con.let_pass(Duration::from_millis(1100));
    set_claims(&mut con, "ALL", r#"{"a":1}"#);
    assert_eq!((shown(), con.expires_at("auth:42")), before);
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((second.generation(), second.claims()["aud"].as_str()), (1, Some("api")));
}

#[test]
fn a_key_that_somebody_made_persistent_gets_an_expiry() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.issue("auth:42", &[]).unwrap();
    let latest = con.expires_at("auth:42");
    con.get::<i64>(&["PERSIST", "auth:42"]);
    set_claims(&mut con, "ALL", "{}");
    assert!((con.expires_at("auth:42") - latest).abs() <= 1000);
}

#[test]
fn expired_unreadable_and_foreign_fields_are_not_updated() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let live = con.issue("auth:42", &[]).unwrap();
    let expired = con.issue("auth:42", &["IDLETTL", "1"]).unwrap();
    for field in ["name", "%n%s", UNKNOWN] {
        con.get::<i64>(&["HSET", "auth:42", field, "x"]);
    }
    con.let_pass(Duration::from_millis(1100));
    let before = con.records("auth:42");
    assert_eq!(set_claims(&mut con, "ALL", r#"{"a":1}"#), 1);
    assert_eq!(set_claims(&mut con, &expired.session_id, r#"{"a":1}"#), 0);
    assert_eq!(set_claims(&mut con, UNKNOWN, r#"{"a":1}"#), 0);
    let mut after = con.records("auth:42");
    after.insert(live.session_id.clone(), before[&live.session_id].clone());
    assert_eq!(after, before);
    con.get::<i64>(&["HSET", "auth:43", "name", "x"]);
    assert_eq!(con.get::<i64>(&["AUTH.SETCLAIMS", "auth:43", "ALL", "{}"]), 0);
    assert_eq!(con.expires_at("auth:43"), -1, "somebody else's hash");
}

#[test]
fn claims_must_be_what_issue_accepts() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &["CLAIMS", r#"{"a":1}"#]).unwrap();
    let before = con.records("auth:42");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(16), "]".repeat(16));
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(4089));
    for (json, reason) in [
        ("", "malformed JSON"),
        ("{", "malformed JSON"),
        ("{}{}", "malformed JSON"),
        (r#"{"a":01}"#, "malformed JSON"),
        ("[]", "JSON must be an object"),
        ("null", "JSON must be an object"),
        (r#"{"a":1,"a":2}"#, "duplicate member in JSON"),
        (r#"{"x":{"a":1,"\u0061":2}}"#, "duplicate member in JSON"),
        (r#"{"sub":"43"}"#, "reserved claim"),
        (r#"{"\u0065xp":9}"#, "reserved claim"),
        (r#"{"cv":0}"#, "reserved claim"),
        (&deep, "JSON is nested too deep"),
        (&large, "JSON is too large"),
    ] {
        for target in ["ALL", &tokens.session_id, UNKNOWN] {
            let refusal = con.run(&["AUTH.SETCLAIMS", "auth:42", target, json]).unwrap_err();
            assert_eq!(
                (refusal.code.as_str(), refusal.text),
                ("ERR", format!("hallpass: {reason}")),
                "{json}"
            );
        }
    }
    assert_eq!(con.records("auth:42"), before);
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    set_claims(&mut con, "ALL", &large.replacen('x', "", 1));
}

#[test]
fn claims_that_would_make_a_token_too_large_are_refused() {
    let redis = Redis::with(&["hallpass.claims-max-bytes 65536"]);
    let mut con = redis.connect();
    con.issue("auth:42", &[]).unwrap();
    con.issue("auth:42", &["AUDIENCE", &"x".repeat(255), "CLIENT", &"y".repeat(64)]).unwrap();
    let before = con.records("auth:42");
    let claims = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length));
    let answer = con.run(&["AUTH.SETCLAIMS", "auth:42", "ALL", &claims(6000)]);
    assert_eq!(answer.unwrap_err().text, "hallpass: access token would be too large");
    assert_eq!(con.records("auth:42"), before, "none of them");
    let fits = (1..6000)
        .rev()
        .find(|&length| con.run(&["AUTH.SETCLAIMS", "auth:42", "ALL", &claims(length)]).is_ok());
    let list = redis.raw().call(&["AUTH.SESSIONS", "auth:42", "WITHCLAIMS"]);
    assert!(list.items().iter().all(|entry| entry.member("claims").text() == claims(fits.unwrap())));
}

#[test]
fn the_key_must_hold_sessions_and_all_three_arguments_are_required() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let sid = con.issue("auth:42", &[]).unwrap().session_id;
    let mut raw = redis.raw();
    for args in [&[][..], &["auth:42"], &["auth:42", "ALL"], &["auth:42", "ALL", "{}", "x"]] {
        let line = raw.call(&[&["AUTH.SETCLAIMS"], args].concat()).text();
        assert!(line.starts_with("ERR wrong number of arguments"), "{args:?}: {line}");
    }
    assert_eq!(refused(con.run(&["AUTH.SETCLAIMS", "user:42", "ALL", "{}"])), "ERR");
    con.get::<()>(&["SET", "auth:42", "x"]);
    for target in ["ALL", &sid, "x"] {
        assert_eq!(refused(con.run(&["AUTH.SETCLAIMS", "auth:42", target, "{}"])), "WRONGTYPE");
    }
    assert_eq!(con.get::<String>(&["GET", "auth:42"]), "x");
}

#[test]
fn the_count_is_an_integer_and_the_change_reaches_replicas_without_an_event() {
    let primary = Redis::builder().tcp().start();
    let replica = Redis::replica_of(&primary);
    let mut con = primary.connect();
    let mut events = replica.raw();
    events.call(&["SUBSCRIBE", "hallpass:events"]);
    let tokens = con.issue("auth:42", &[]).unwrap();
    let mut raw = primary.raw().resp3();
    assert_eq!(raw.call(&["AUTH.SETCLAIMS", "auth:42", "ALL", "{}"]), Reply::Integer(1));
    con.get::<i64>(&["WAIT", "1", "30000"]);
    let mut there = replica.connect();
    assert_eq!(there.records("auth:42"), con.records("auth:42"));
    assert_eq!(refused(there.verify("auth:42", &tokens.access, &[])), "STALETOKEN");
    assert_eq!(refused(there.run(&["AUTH.SETCLAIMS", "auth:42", "ALL", "{}"])), "READONLY");
    assert_eq!(events.reply_within(Duration::from_millis(200)), None);
}
