//! AUTH.KEYS: the status of each key of the ring, without key material.

use crate::support::*;

/// Returns the time in Unix seconds.
fn now() -> i64 {
    i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap()
}

/// Returns the entries of `AUTH.KEYS` in RESP3.
fn keys(redis: &Redis) -> Vec<Reply> {
    redis.raw().resp3().call(&["AUTH.KEYS"]).items().to_vec()
}

/// Returns kid and status of each key.
fn statuses(redis: &Redis) -> Vec<(String, String)> {
    keys(redis).iter().map(|key| (key.member("kid").text(), key.member("status").text())).collect()
}

/// Returns a ring of both kinds of key in every state.
fn ring_in_every_state() -> Keyring {
    let (past, future) = (now() - 1000, now() + 1000);
    Keyring(vec![
        Key::signing("EdDSA", "s-old").with("exp", past),
        Key::signing("ES256", "s-retiring").with("exp", future),
        Key::signing("HS256", "s-active").with("nbf", past).with("exp", future),
        Key::signing("EdDSA", "s-next").with("nbf", future),
        Key::refresh("r-retiring"),
        Key::refresh("r-active"),
        Key::refresh("r-next").with("nbf", future).with("exp", future + 1),
        Key::refresh("r-old").with("nbf", 5).with("exp", past),
    ])
}

#[test]
fn every_state_of_every_kind_has_its_name() {
    let redis = Redis::builder().keyring(ring_in_every_state()).start();
    let found = statuses(&redis);
    for (kid, status) in &found {
        let expected = if kid.ends_with("old") { "expired" } else { kid.split_once('-').unwrap().1 };
        assert_eq!(status, expected, "{kid}");
    }
    assert_eq!(found.len(), 8);
    let mut con = redis.connect();
    assert_eq!(con.info("signing_kid"), "s-active", "INFO agrees");
    assert_eq!(con.info("refresh_kid"), "r-active");
    let tokens = con.issue("auth:42", &[]).unwrap();
    assert_eq!(tokens::header(&tokens.access)["kid"], "s-active");
    assert_eq!(tokens::refresh_parts(&tokens.refresh)[1], "r-active");
}

#[test]
fn members_are_as_documented() {
    let ring = ring_in_every_state();
    let redis = Redis::builder().keyring(ring.clone()).start();
    for entry in keys(&redis) {
        assert!(matches!(entry, Reply::Map(_)));
        let key = ring.key(&entry.member("kid").text());
        let dated = |name: &str| key.0[name].as_i64().map(|time| (name.to_owned(), Reply::Integer(time)));
        let text = |name: &str, value: &str| (name.to_owned(), Reply::Bulk(value.as_bytes().to_vec()));
        let alg = key.0["alg"].as_str().unwrap_or("HS256");
        let status = entry.member("status");
        let fixed = [text("kid", key.kid()), text("alg", alg), text("use", key.text("use"))];
        let expected: Vec<_> = fixed
            .into_iter()
            .chain([("status".to_owned(), status)])
            .chain(["nbf", "exp"].into_iter().filter_map(dated))
            .collect();
        assert_eq!(entry.pairs(), expected);
    }
}

#[test]
fn entries_are_flat_arrays_in_resp2() {
    let redis = Redis::builder().keyring(ring_in_every_state()).start();
    let two = redis.raw().call(&["AUTH.KEYS"]);
    assert!(two.items().iter().all(|entry| matches!(entry, Reply::Array(_))));
    let pairs = |entries: &[Reply]| entries.iter().map(Reply::pairs).collect::<Vec<_>>();
    assert_eq!(pairs(two.items()), pairs(&keys(&redis)));
}

#[test]
fn no_key_material_is_shown() {
    let ring = ring_in_every_state();
    let redis = Redis::builder().keyring(ring.clone()).start();
    let shown = format!(
        "{:?}",
        redis.raw().call(&["AUTH.KEYS"]).items().iter().map(Reply::pairs).collect::<Vec<_>>()
    );
    let text: Vec<String> = keys(&redis)
        .iter()
        .flat_map(Reply::pairs)
        .filter_map(|(_, value)| matches!(value, Reply::Bulk(_)).then(|| value.text()))
        .collect();
    for secret in ring.secrets() {
        assert!(!shown.contains(&secret) && !text.contains(&secret));
    }
    for key in &ring.0 {
        assert!(key.0["x"].as_str().is_none_or(|public| !text.iter().any(|text| text == public)));
    }
}

#[test]
fn keys_grow_old_without_a_reload() {
    let soon = now() + 2;
    let ring = Keyring::default()
        .and(Key::signing("EdDSA", "sig-2").with("nbf", soon))
        .and(Key::refresh("ref-2").with("nbf", soon));
    let redis = Redis::builder().keyring(ring).start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let changed = |kid: &str, status: &str| statuses(&redis).contains(&(kid.to_owned(), status.to_owned()));
    wait_until("the new keys take over", SOON, || changed("sig-2", "active") && changed("ref-2", "active"));
    assert!(changed("sig-1", "retiring") && changed("ref-1", "retiring"));
    con.verify("auth:42", &first.access, &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(tokens::header(&second.access)["kid"], "sig-2");
    assert_eq!(tokens::refresh_parts(&second.refresh)[1], "ref-2");
    assert_eq!(con.refresh("auth:42", &first.refresh, &[]).unwrap().refresh, second.refresh);
}

#[test]
fn commands_about_the_node_take_no_other_argument_than_a_format() {
    let redis = Redis::start();
    for name in ["AUTH.JWKS", "AUTH.RELOAD"] {
        let line = redis.raw().call(&[name, "x"]).text();
        assert!(line.starts_with("ERR wrong number of arguments"), "{line}");
    }
    let line = redis.raw().call(&["AUTH.KEYS", "x"]).text();
    assert_eq!(line, "ERR hallpass: syntax error");
}

#[test]
fn the_ring_is_at_hand_on_a_replica_that_has_lost_its_primary() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.get::<()>(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    con.get::<()>(&["REPLICAOF", "127.0.0.1", "1"]);
    assert_eq!(refused(con.verify("auth:42", "x", &[])), "MASTERDOWN");
    assert_eq!(refused(con.run(&["AUTH.SESSIONS", "auth:42"])), "MASTERDOWN");
    assert_eq!(refused(con.run(&["AUTH.INSPECT", "auth:42", "x"])), "MASTERDOWN");
    assert_eq!(statuses(&redis).len(), 2);
    con.jwks();
    con.get::<()>(&["AUTH.RELOAD"]);
}

#[test]
fn it_is_read_only_and_reload_is_not() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.run(&["EVAL_RO", "return redis.call('AUTH.KEYS')", "0"]).unwrap();
    let mut raw = redis.raw();
    raw.call(&["MULTI"]);
    raw.call(&["AUTH.KEYS"]);
    raw.call(&["AUTH.RELOAD"]);
    let replies = raw.call(&["EXEC"]);
    assert_eq!(replies.items()[0].items().len(), 2);
    assert_eq!(replies.items()[1], Reply::Simple("OK".into()));
}
