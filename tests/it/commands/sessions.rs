//! AUTH.SESSIONS: the list of a user's sessions.

use std::{collections::BTreeMap, time::Duration};

use crate::support::*;

/// Returns the reply of `AUTH.SESSIONS auth:42 …` in RESP3.
fn list(redis: &Redis, options: &[&str]) -> Reply {
    redis.raw().resp3().call(&[&["AUTH.SESSIONS", "auth:42"], options].concat())
}

/// Returns the sids that it names, in order.
fn sids(redis: &Redis, options: &[&str]) -> Vec<String> {
    list(redis, options).items().iter().map(|entry| entry.member("sid").text()).collect()
}

/// Returns the member names of an entry, in order.
fn names(entry: &Reply) -> Vec<String> {
    entry.pairs().into_iter().map(|(name, _)| name).collect()
}

/// Returns `count` session ids of one millisecond, ascending.
fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("01890a5d-ac96-774b-8000-{number:012x}")).collect()
}

/// Issues a session for each sid.
fn issue_all(con: &mut Con, sids: &[String]) {
    for sid in sids {
        con.issue("auth:42", &["SID", sid]).unwrap();
    }
}

#[test]
fn a_session_with_everything_shows_everything() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let options = [
        "CLASS",
        "phone",
        "CLIENT",
        "web",
        "META",
        r#"{ "ua": "Firefox" }"#,
        "CLAIMS",
        r#"{ "role":"admin" }"#,
        "IDLETTL",
        "100",
        "MAXTTL",
        "200",
    ];
    let tokens = con.issue("auth:42", &options).unwrap();
    let reply = list(&redis, &["WITHCLAIMS"]);
    let [entry] = reply.items() else { panic!("{reply:?}") };
    let times = ["issued_at", "last_used_at", "expires_at", "ends_at"];
    let texts = ["sid", "class", "client", "meta"];
    assert_eq!(names(entry), [&texts[..], &times, &["gen", "claims"]].concat());

    let issued_at = tokens.claims()["iat"].as_i64().unwrap();
    let expected = [issued_at, issued_at, issued_at + 100, issued_at + 200];
    assert_eq!(times.map(|name| entry.member(name)), expected.map(Reply::Integer));
    assert_eq!(entry.member("gen"), Reply::Integer(0));
    for (name, text) in [
        ("sid", tokens.session_id.as_str()),
        ("class", "phone"),
        ("client", "web"),
        ("meta", r#"{"ua":"Firefox"}"#),
        ("claims", r#"{"role":"admin"}"#),
    ] {
        assert_eq!(entry.member(name), Reply::Bulk(text.as_bytes().to_vec()), "{name}");
    }
}

#[test]
fn what_is_not_set_is_left_out_and_claims_are_only_shown_when_asked_for() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let plain = ["sid", "issued_at", "last_used_at", "expires_at", "ends_at", "gen"];
    con.issue("auth:42", &[]).unwrap();
    assert_eq!(names(&list(&redis, &["WITHCLAIMS"]).items()[0]), plain);
    con.issue("auth:42", &["LIMIT", "1", "CLAIMS", r#"{"a":1}"#]).unwrap();
    assert_eq!(names(&list(&redis, &[]).items()[0]), plain);
    assert_eq!(names(&list(&redis, &["withclaims"]).items()[0]), [&plain[..], &["claims"]].concat());
}

#[test]
fn a_refresh_moves_what_it_moves() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["IDLETTL", "100", "META", r#"{"n":1}"#]).unwrap();
    let before = list(&redis, &[]).items()[0].clone();
    con.let_pass(Duration::from_millis(1100));
    let second = con.refresh("auth:42", &first.refresh, &["META", r#"{"n":2}"#]).unwrap();
    let after = list(&redis, &[]).items()[0].clone();
    let rotated_at = second.claims()["iat"].as_i64().unwrap();
    for unmoved in ["sid", "issued_at", "ends_at"] {
        assert_eq!(after.member(unmoved), before.member(unmoved), "{unmoved}");
    }
    assert_eq!(after.member("last_used_at"), Reply::Integer(rotated_at));
    assert_ne!(after.member("last_used_at"), before.member("last_used_at"));
    assert_eq!(after.member("expires_at"), Reply::Integer(rotated_at + 100));
    assert_eq!(after.member("gen"), Reply::Integer(1));
    assert_eq!(after.member("meta").text(), r#"{"n":2}"#);
}

#[test]
fn the_newest_comes_first_whatever_was_used_last() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut expected = numbered(5);
    let first = con.issue("auth:42", &["SID", &expected[0]]).unwrap();
    for index in [3, 1, 4, 2] {
        issue_all(&mut con, &expected[index..=index]);
    }
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let fresh = con.issue("auth:42", &[]).unwrap().session_id;
    expected.push(fresh);
    expected.reverse();
    assert_eq!(sids(&redis, &[]), expected);
}

#[test]
fn it_is_read_page_by_page() {
    let redis = Redis::with(&["hallpass.session-limit 0"]);
    let mut con = redis.connect();
    let mut all = numbered(130);
    issue_all(&mut con, &all);
    all.reverse();
    assert_eq!(sids(&redis, &[]), all[..100], "COUNT is 100 by default");
    assert_eq!(sids(&redis, &["COUNT", "1000"]), all);
    assert_eq!(sids(&redis, &["OFFSET", "100"]), all[100..]);
    assert_eq!(sids(&redis, &["count", "7", "offset", "3", "WITHCLAIMS"]), all[3..10]);
    assert_eq!(sids(&redis, &["OFFSET", "129", "COUNT", "1"]), all[129..]);
    assert!(sids(&redis, &["OFFSET", "130"]).is_empty());
    assert!(sids(&redis, &["OFFSET", "4294967295"]).is_empty());
    assert_eq!(sids(&redis, &["OFFSET", "0", "COUNT", "1"]), all[..1]);
}

#[test]
fn options_are_checked() {
    let redis = Redis::start();
    redis.connect().issue("auth:42", &[]).unwrap();
    for options in [
        &["X"][..],
        &["COUNT"],
        &["COUNT", "0"],
        &["COUNT", "1001"],
        &["COUNT", "-1"],
        &["COUNT", "+1"],
        &["COUNT", "01"],
        &["COUNT", ""],
        &["COUNT", "1.0"],
        &["COUNT", "1", "COUNT", "1"],
        &["OFFSET"],
        &["OFFSET", "-1"],
        &["OFFSET", "x"],
        &["OFFSET", "99999999999999999999"],
        &["OFFSET", "1", "offset", "1"],
        &["WITHCLAIMS", "withclaims"],
        &["WITHCLAIMS", "1"],
    ] {
        let line = list(&redis, options).text();
        assert!(line.starts_with("ERR hallpass: "), "{options:?}: {line}");
    }
    let mut raw = redis.raw();
    assert!(raw.call(&["AUTH.SESSIONS", "user:42"]).text().starts_with("ERR hallpass: "));
    assert!(raw.call(&["AUTH.SESSIONS"]).text().starts_with("ERR wrong number of arguments"));
}

#[test]
fn expired_sessions_are_skipped_and_left_where_they_are() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let lasting = con.issue("auth:42", &[]).unwrap().session_id;
    con.issue("auth:42", &["IDLETTL", "1"]).unwrap();
    con.issue("auth:42", &["MAXTTL", "1"]).unwrap();
    con.let_pass(Duration::from_millis(1100));
    assert_eq!(sids(&redis, &[]), [lasting]);
    assert!(sids(&redis, &["OFFSET", "1"]).is_empty(), "they take no place");
    let now = (con.now_ms() / 1000).to_string();
    con.get::<()>(&["CONFIG", "SET", "hallpass.not-before", &now]);
    assert!(sids(&redis, &[]).is_empty());
    assert_eq!(con.records("auth:42").len(), 3);
}

#[test]
fn fields_that_are_not_sessions_are_skipped_and_stay() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let one = con.issue("auth:42", &[]).unwrap().session_id;
    let unreadable = numbered(1).remove(0);
    for field in ["name", "", "\0", "%n%s", &one.to_uppercase(), &unreadable] {
        con.get::<i64>(&["HSET", "auth:42", field, "x"]);
    }
    let before = con.records("auth:42");
    assert_eq!(sids(&redis, &[]), [one]);
    assert_eq!(con.records("auth:42"), before);
    assert_eq!(con.counter("unreadable_records"), 1);
    con.get::<i64>(&["HSET", "auth:43", "name", "x"]);
    assert_eq!(redis.raw().call(&["AUTH.SESSIONS", "auth:43"]), Reply::Array(vec![]), "somebody else's hash");
}

#[test]
fn nobody_has_no_sessions_and_another_type_is_a_wrong_type() {
    let redis = Redis::start();
    let mut con = redis.connect();
    assert_eq!(list(&redis, &[]), Reply::Array(vec![]));
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:42"]), 0);
    con.get::<()>(&["SET", "auth:42", "x"]);
    assert_eq!(list(&redis, &[]).error_code(), "WRONGTYPE");
}

#[test]
fn entries_are_flat_arrays_in_resp2_and_maps_in_resp3() {
    let redis = Redis::start();
    redis.connect().issue("auth:42", &["CLASS", "web", "CLAIMS", "{}"]).unwrap();
    let two = redis.raw().call(&["AUTH.SESSIONS", "auth:42", "WITHCLAIMS"]);
    let three = list(&redis, &["WITHCLAIMS"]);
    assert!(matches!((&two, &three), (Reply::Array(_), Reply::Array(_))));
    let (flat, map) = (&two.items()[0], &three.items()[0]);
    assert!(matches!((flat, map), (Reply::Array(_), Reply::Map(_))));
    assert_eq!(flat.pairs(), map.pairs());
    let typed: Vec<BTreeMap<String, redis::Value>> = redis.connect3().get(&["AUTH.SESSIONS", "auth:42"]);
    assert_eq!(typed[0]["gen"], redis::Value::Int(0));
}

#[test]
fn replicas_read_only_scripts_and_paused_servers_answer() {
    let primary = Redis::builder().tcp().start();
    let replica = Redis::replica_of(&primary);
    let mut con = primary.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.get::<i64>(&["WAIT", "1", "30000"]);
    let before = con.records("auth:42");
    con.get::<()>(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    let script =
        "return {redis.call('AUTH.SESSIONS', KEYS[1]), redis.call('AUTH.INSPECT', KEYS[1], ARGV[1])}";
    for redis in [&primary, &replica] {
        assert_eq!(sids(redis, &[]), [tokens.session_id.as_str()]);
        let mut raw = redis.raw();
        let inspected = raw.call(&["AUTH.INSPECT", "auth:42", &tokens.refresh]);
        assert_eq!(inspected.member("state").text(), "current");
        let both = raw.call(&["EVAL_RO", script, "1", "auth:42", &tokens.refresh]);
        assert_eq!(both.items()[1], inspected);
        assert_eq!(both.items()[0].items()[0].member("sid").text(), tokens.session_id);
    }
    con.get::<()>(&["CLIENT", "UNPAUSE"]);
    assert_eq!(con.records("auth:42"), before);
}
