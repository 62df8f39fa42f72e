//! Security events on `hallpass:events`.

use std::time::Duration;

use serde_json::Value as Json;

use crate::support::*;

/// Returns a subscriber to the events of `redis`.
fn subscriber(redis: &Redis) -> Raw {
    let mut raw = redis.raw();
    raw.call(&["SUBSCRIBE", "hallpass:events"]);
    raw
}

/// Returns the next event.
fn next(raw: &mut Raw) -> Json {
    let message = raw.reply();
    assert_eq!(message.items()[1].text(), "hallpass:events");
    serde_json::from_str(&message.items()[2].text()).unwrap()
}

#[test]
fn a_reuse_is_told_with_its_circumstances() {
    let redis = Redis::with(&["hallpass.race-window 0"]);
    let mut con = redis.connect();
    let mut events = subscriber(&redis);
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.verify("auth:42", &second.access, &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap_err();
    let event = next(&mut events);
    assert_eq!((&event["key"], &event["sub"]), (&"auth:42".into(), &"42".into()));
    assert_eq!(event["sids"], serde_json::json!([first.session_id]));
    assert_eq!((&event["distance"], &event["seen"]), (&1.into(), &true.into()), "{event}");
    assert_eq!(event["gen"], 0, "the generation of the token that came back");
    assert!(event["age"].is_u64(), "{event}");
    assert!(event.to_string().contains("reused"), "{event}");
    let text = event.to_string();
    assert!(!text.contains(&first.mac()) && !text.contains("hp1."));
}

#[test]
fn evictions_of_one_command_are_one_event() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut events = subscriber(&redis);
    for _ in 0..3 {
        con.issue("auth:42", &[]).unwrap();
    }
    let evicted = con.issue("auth:42", &["LIMIT", "1"]).unwrap().evicted.unwrap();
    let event = next(&mut events);
    assert_eq!(event["count"], 3);
    let mut sids: Vec<&str> =
        event["sids"].as_array().unwrap().iter().map(|sid| sid.as_str().unwrap()).collect();
    let mut expected: Vec<&str> = evicted.iter().map(String::as_str).collect();
    sids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sids, expected);
    assert_eq!(events.reply_within(Duration::from_millis(200)), None);
}

#[test]
fn an_event_names_at_most_a_hundred_sessions() {
    let redis = Redis::with(&["hallpass.session-limit 0"]);
    let mut con = redis.connect();
    let mut events = subscriber(&redis);
    for _ in 0..120 {
        con.issue("auth:42", &[]).unwrap();
    }
    con.issue("auth:42", &["LIMIT", "1"]).unwrap();
    let event = next(&mut events);
    assert_eq!(event["count"], 120);
    assert_eq!(event["sids"].as_array().unwrap().len(), 100);
}

#[test]
fn a_recovery_is_told() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let backup = con.records("auth:42").remove(&first.session_id).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.run(&[&b"HSET"[..], b"auth:42", first.session_id.as_bytes(), &backup]).unwrap();
    let mut events = subscriber(&redis);
    con.refresh("auth:42", &second.refresh, &[]).unwrap();
    let event = next(&mut events);
    assert!(event.to_string().contains("recovered"), "{event}");
    assert_eq!(event["sids"], serde_json::json!([first.session_id]));
}

#[test]
fn harmless_changes_publish_no_event() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut events = subscriber(&redis);
    let first = con.issue("auth:42", &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.verify("auth:42", &first.access, &[]).unwrap();
    con.verify("auth:42", "x", &[]).unwrap_err();
    con.refresh("auth:42", "x", &[]).unwrap_err();
    assert_eq!(events.reply_within(Duration::from_millis(300)), None);
}

#[test]
fn the_log_is_not_flooded_by_bad_tokens() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let before = redis.log().len();
    for _ in 0..1000 {
        con.verify("auth:42", "x.y.z", &[]).unwrap_err();
        con.refresh("auth:42", "hp1.a.b.c.0.d", &[]).unwrap_err();
    }
    assert_eq!(redis.log().len(), before);
}

#[test]
fn keyspace_notifications_name_the_incident() {
    let redis = Redis::with(&["notify-keyspace-events KEA"]);
    let mut con = redis.connect();
    let mut raw = redis.raw();
    raw.call(&["PSUBSCRIBE", "__keyspace@0__:auth:42"]);
    con.issue("auth:42", &[]).unwrap();
    con.issue("auth:42", &["LIMIT", "1"]).unwrap();
    wait_until("an event of the module", SOON, || raw.reply().items()[3].text().contains("hallpass"));
}

#[test]
fn logins_and_changes_of_claims_are_told_to_those_who_ask_for_them() {
    let redis = Redis::with(&[r#"hallpass.events "issued claims evicted""#]);
    let mut con = redis.connect();
    let mut events = subscriber(&redis);
    let first = con.issue("auth:42", &["CLAIMS", r#"{"role":"secret"}"#]).unwrap();
    let event = next(&mut events);
    assert_eq!(
        (&event["event"], &event["key"], &event["sub"]),
        (&"issued".into(), &"auth:42".into(), &"42".into())
    );
    assert_eq!((&event["sids"], &event["count"]), (&serde_json::json!([first.session_id]), &1.into()));
    assert!(event["at"].is_u64() && event["reason"].is_string());

    let second = con.issue("auth:42", &["LIMIT", "1"]).unwrap();
    let (evicted, issued) = (next(&mut events), next(&mut events));
    assert_eq!((&evicted["event"], &issued["event"]), (&"evicted".into(), &"issued".into()));
    assert_eq!(issued["sids"], serde_json::json!([second.session_id]));

    con.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", "ALL", r#"{"role":"secret"}"#]);
    let claims = next(&mut events);
    assert_eq!(
        (&claims["event"], &claims["sids"]),
        (&"claims".into(), &serde_json::json!([second.session_id]))
    );
    for event in [event, issued, claims] {
        assert!(!event.to_string().contains("secret") && !event.to_string().contains("hp1."), "{event}");
    }
    con.get::<i64>(&["AUTH.SETCLAIMS", "auth:43", "ALL", "{}"]);
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    assert_eq!(
        events.reply_within(Duration::from_millis(200)),
        None,
        "nothing changed, or it is not asked for"
    );
}

#[test]
fn a_repeated_login_is_told_once() {
    let redis = Redis::with(&["hallpass.events issued"]);
    let mut con = redis.connect();
    let mut events = subscriber(&redis);
    let options = ["SID", "01890a5d-ac96-774b-bcce-b302099a8057"];
    for _ in 0..2 {
        con.issue("auth:42", &options).unwrap();
    }
    assert_eq!(next(&mut events)["event"], "issued");
    assert_eq!(events.reply_within(Duration::from_millis(200)), None);
}

#[test]
fn an_event_that_is_not_asked_for_is_no_keyspace_event_either() {
    let redis = Redis::with(&["notify-keyspace-events Kd", r#"hallpass.events """#]);
    let mut con = redis.connect();
    let mut raw = redis.raw();
    raw.call(&["PSUBSCRIBE", "*"]);
    con.issue("auth:42", &[]).unwrap();
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    assert_eq!(con.counter("revoked"), 1, "it is counted");
    assert_eq!(raw.reply_within(Duration::from_millis(200)), None);
}

#[test]
fn events_that_there_are_not_are_refused() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for (value, is_taken) in [
        ("", true),
        ("issued", true),
        ("claims  reused", true),
        ("Issued", false),
        ("issued,claims", false),
        ("verified", false),
    ] {
        let answer = con.run(&["CONFIG", "SET", "hallpass.events", value]);
        assert_eq!(answer.is_ok(), is_taken, "{value:?}");
    }
}
