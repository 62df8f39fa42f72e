//! Every command through a cluster client, with users on all nodes: no command crosses slots.

use std::time::Duration;

use serde_json::json;

use crate::support::*;

/// Returns the user of each primary.
fn keys(cluster: &Cluster) -> [String; 3] {
    [0, 1, 2].map(|owner| cluster.key_of(owner, "user"))
}

#[test]
fn every_command_works_for_users_on_every_node() {
    let cluster = Cluster::start();
    let mut con = cluster.connect();
    for key in keys(&cluster) {
        let first = con.issue(&key, &["CLAIMS", r#"{"role":"user"}"#]).unwrap();
        let other = con.issue(&key, &["CLASS", "phone", "LIMIT", "2"]).unwrap();
        let next = con.refresh(&key, &first.refresh, &["ACCESS", &first.access]).unwrap();
        assert_eq!(con.verify(&key, &next.access, &[]).unwrap(), next.claims());
        let state: Vec<redis::Value> = con.get(&["AUTH.INSPECT", &key, &next.refresh]);
        assert!(format!("{state:?}").contains("current"), "{state:?}");
        assert_eq!(con.get::<Vec<redis::Value>>(&["AUTH.SESSIONS", &key, "WITHCLAIMS"]).len(), 2);
        assert_eq!(con.get::<i64>(&["AUTH.SETCLAIMS", &key, "ALL", r#"{"role":"admin"}"#]), 2);
        assert_eq!(refused(con.verify(&key, &next.access, &[])), "STALETOKEN");
        let last = con.refresh(&key, &next.refresh, &[]).unwrap();
        assert_eq!(last.claims()["role"], "admin");
        assert_eq!(con.get::<i64>(&["AUTH.REVOKE", &key, "SESSION", &other.session_id]), 1);
        assert_eq!(con.get::<i64>(&["AUTH.REVOKE", &key, "TOKEN", &last.refresh]), 1);
        assert_eq!(refused(con.refresh(&key, &last.refresh, &[])), "NOSESSION");
    }
    assert_eq!(con.jwks()["keys"][0]["kid"], "sig-1");
    assert!(!con.get::<Vec<redis::Value>>(&["AUTH.KEYS"]).is_empty());
    for node in cluster.up() {
        node.connect().get::<()>(&["AUTH.RELOAD"]);
    }
}

#[test]
fn commands_of_one_user_compose_in_transactions_and_scripts() {
    let cluster = Cluster::start();
    for (owner, key) in keys(&cluster).iter().enumerate() {
        let mut raw = cluster.node(owner).raw();
        for command in [&["MULTI"][..], &["AUTH.ISSUE", key], &["AUTH.REVOKE", key, "ALL"]] {
            assert!(!raw.call(command).has_error());
        }
        assert_eq!(raw.call(&["EXEC"]).items()[1], Reply::Integer(1));
        let script = "redis.call('AUTH.ISSUE', KEYS[1]); return redis.call('AUTH.REVOKE', KEYS[1], 'ALL')";
        assert_eq!(raw.call(&["EVAL", script, "1", key]), Reply::Integer(1));
    }
}

#[test]
fn a_node_redirects_what_is_not_its_own() {
    let cluster = Cluster::start();
    let [key, ..] = keys(&cluster);
    let mut elsewhere = cluster.node(1).connect();
    assert_eq!(refused(elsewhere.issue(&key, &[])), "MOVED");
    assert_eq!(refused(elsewhere.refresh(&key, "hp1.x", &[])), "MOVED");
    assert_eq!(refused(elsewhere.verify(&key, "x.y.z", &[])), "MOVED");
    assert_eq!(elsewhere.info("key_pattern"), "auth:*");
}

#[test]
fn a_replica_reads_after_readonly_and_redirects_writes() {
    let cluster = Cluster::start();
    let mut con = cluster.connect();
    for (owner, key) in keys(&cluster).iter().enumerate() {
        let tokens = con.issue(key, &[]).unwrap();
        cluster.node(owner).wait_until_replicated();
        let mut replica = cluster.node(cluster.replica_of(owner)).connect();
        assert_eq!(refused(replica.verify(key, &tokens.access, &[])), "MOVED");
        replica.get::<()>(&["READONLY"]);
        assert_eq!(replica.verify(key, &tokens.access, &[]).unwrap(), tokens.claims());
        assert_eq!(replica.get::<Vec<redis::Value>>(&["AUTH.SESSIONS", key]).len(), 1);
        assert!(!replica.get::<Vec<redis::Value>>(&["AUTH.INSPECT", key, &tokens.refresh]).is_empty());
        assert_eq!(refused(replica.refresh(key, &tokens.refresh, &[])), "MOVED");
        assert_eq!(refused(replica.issue(key, &[])), "MOVED");
    }
}

#[test]
fn a_hash_tag_in_the_key_pattern_brings_a_users_keys_together() {
    let cluster = Cluster::of(3, &["hallpass.key-pattern auth:{*}"]);
    let mut con = cluster.connect();
    let mut owners = vec![];
    for subject in ["a", "b", "c", "d", "e"] {
        let key = format!("auth:{{{subject}}}");
        let tokens = con.issue(&key, &[]).unwrap();
        assert_eq!(tokens.claims()["sub"], subject);
        assert_eq!(cluster.slot(&key), cluster.slot(subject), "the subject alone decides");
        con.refresh(&key, &tokens.refresh, &[]).unwrap();
        let cart = format!("cart:{{{subject}}}");
        let owner = cluster.owner(&key);
        let script = "redis.call('SET', KEYS[2], 1); return redis.call('AUTH.REVOKE', KEYS[1], 'ALL')";
        let mut node = cluster.node(owner).connect();
        assert_eq!(node.get::<i64>(&["EVAL", script, "2", &key, &cart]), 1);
        owners.push(owner);
    }
    owners.sort_unstable();
    owners.dedup();
    assert!(owners.len() > 1, "users are spread: {owners:?}");
}

#[test]
fn an_event_reaches_each_subscriber_exactly_once() {
    let cluster = Cluster::start();
    let mut con = cluster.connect();
    let mut subscribers: Vec<Raw> = cluster.up().map(Redis::raw).collect();
    for subscriber in &mut subscribers {
        subscriber.call(&["SUBSCRIBE", "hallpass:events"]);
    }
    for key in keys(&cluster) {
        con.issue(&key, &[]).unwrap();
        assert_eq!(con.get::<i64>(&["AUTH.REVOKE", &key, "ALL"]), 1);
        for subscriber in &mut subscribers {
            let message = subscriber.reply().items()[2].text();
            let event: serde_json::Value = serde_json::from_str(&message).unwrap();
            assert_eq!((&event["key"], &event["event"]), (&json!(key), &json!("revoked")));
        }
    }
    for subscriber in &mut subscribers {
        assert_eq!(subscriber.reply_within(Duration::from_millis(100)), None, "once");
    }
}
