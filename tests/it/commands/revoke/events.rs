//! The event `revoked`: one per command, here and on replicas.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{issued, revoke};
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
    serde_json::from_str(&message.items()[2].text()).unwrap()
}

/// Returns the sids of an event, sorted.
fn sids(event: &Json) -> Vec<&str> {
    let mut sids: Vec<&str> =
        event["sids"].as_array().unwrap().iter().map(|sid| sid.as_str().unwrap()).collect();
    sids.sort_unstable();
    sids
}

#[test]
fn each_command_is_one_event() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut events = subscriber(&redis);
    for (form, count) in [("ALL", 3), ("EXCEPT", 2), ("SESSION", 2), ("TOKEN", 1)] {
        con.get::<()>(&["DEL", "auth:42"]);
        let tokens = issued(&mut con, 3);
        let ids: Vec<&str> = tokens.iter().map(|token| token.session_id.as_str()).collect();
        let target = match form {
            "ALL" => vec!["ALL"],
            "EXCEPT" => vec!["ALL", "EXCEPT", ids[2]],
            "SESSION" => vec!["SESSION", ids[0], ids[1], "01890a5d-ac96-774b-bcce-b302099a8057"],
            _ => vec!["TOKEN", &tokens[0].refresh],
        };
        assert_eq!(revoke(&mut con, &target), i64::try_from(count).unwrap());
        let event = next(&mut events);
        let mut expected = ids[..count].to_vec();
        expected.sort_unstable();
        assert_eq!(sids(&event), expected, "{form}");
        assert_eq!(event["event"], "revoked");
        assert_eq!((&event["key"], &event["sub"]), (&json!("auth:42"), &json!("42")));
        assert_eq!(event["count"], count);
        assert!(event["at"].as_i64().unwrap() <= con.now_ms(), "{event}");
        assert!(event["reason"].as_str().is_some_and(|reason| reason.contains("revoked")), "{event}");
        let text = event.to_string();
        assert!(
            tokens.iter().all(|token| !text.contains(&token.mac()) && !text.contains(&token.signature()))
        );
    }
    assert_eq!(events.reply_within(Duration::from_millis(200)), None);
}

#[test]
fn it_names_at_most_a_hundred_sessions() {
    let redis = Redis::with(&["hallpass.session-limit 0"]);
    let mut con = redis.connect();
    let mut events = subscriber(&redis);
    issued(&mut con, 130);
    assert_eq!(revoke(&mut con, &["ALL"]), 130);
    let event = next(&mut events);
    assert_eq!((&event["count"], sids(&event).len()), (&json!(130), 100));
    assert_eq!(events.reply_within(Duration::from_millis(200)), None);
}

#[test]
fn a_revocation_that_ends_nothing_publishes_no_event() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let bound = con.issue("auth:42", &["CLIENT", "web"]).unwrap();
    con.issue("auth:43", &["IDLETTL", "1"]).unwrap();
    con.get::<i64>(&["HSET", "auth:42", "01890a5d-ac96-774b-bcce-b302099a8058", "unreadable"]);
    con.let_pass(Duration::from_millis(1100));
    let mut events = subscriber(&redis);
    revoke(&mut con, &["TOKEN", "x"]);
    revoke(&mut con, &["TOKEN", &bound.refresh]);
    revoke(&mut con, &["SESSION", "01890a5d-ac96-774b-bcce-b302099a8057"]);
    revoke(&mut con, &["SESSION", "01890a5d-ac96-774b-bcce-b302099a8058"]);
    revoke(&mut con, &["ALL", "EXCEPT", &bound.session_id]);
    con.run(&["AUTH.REVOKE", "auth:42", "X"]).unwrap_err();
    assert_eq!(con.get::<i64>(&["AUTH.REVOKE", "auth:43", "ALL"]), 0, "it had expired");
    assert_eq!(con.get::<i64>(&["AUTH.REVOKE", "auth:44", "ALL"]), 0);
    assert_eq!(events.reply_within(Duration::from_millis(300)), None);
}

#[test]
fn a_replica_sees_the_event_and_the_end_of_the_session() {
    let primary = Redis::builder().tcp().start();
    let replica = Redis::replica_of(&primary);
    let mut con = primary.connect();
    let mut there = replica.connect();
    let (mut here, mut elsewhere) = (subscriber(&primary), subscriber(&replica));
    let tokens = issued(&mut con, 3);
    con.get::<i64>(&["WAIT", "1", "30000"]);
    there.verify("auth:42", &tokens[0].access, &[]).unwrap();
    for target in [&["TOKEN", &tokens[0].refresh][..], &["SESSION", &tokens[1].session_id], &["ALL"]] {
        revoke(&mut con, target);
        let event = next(&mut here);
        assert_eq!(next(&mut elsewhere), event);
    }
    con.get::<i64>(&["WAIT", "1", "30000"]);
    assert_eq!(there.get::<i64>(&["EXISTS", "auth:42"]), 0);
    assert_eq!(refused(there.verify("auth:42", &tokens[0].access, &[])), "NOSESSION");
    assert_eq!(refused(there.run(&["AUTH.REVOKE", "auth:42", "ALL"])), "READONLY");
    assert_eq!(elsewhere.reply_within(Duration::from_millis(200)), None);
}

#[test]
fn keyspace_subscribers_hear_of_it() {
    let redis = Redis::with(&["notify-keyspace-events KEA"]);
    let mut con = redis.connect();
    let mut raw = redis.raw();
    issued(&mut con, 1);
    raw.call(&["PSUBSCRIBE", "__keyspace@0__:auth:42"]);
    revoke(&mut con, &["ALL"]);
    wait_until("an event of the module", SOON, || raw.reply().items()[3].text() == "hallpass.revoked");
}
