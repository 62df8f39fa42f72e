//! Sessions that must end and stay ended, and keys that must not end sessions.

use std::{sync::Barrier, thread};

use super::*;

// keycloak#51312, better-auth#11073
#[test]
fn a_revoked_session_does_not_come_back_with_a_racing_refresh() {
    const ROUNDS: usize = 50;
    let redis = Redis::start();
    for round in 0..ROUNDS {
        let key = format!("auth:{round}");
        let mut con = redis.connect();
        let first = con.issue(&key, &[]).unwrap();
        let barrier = Barrier::new(5);
        let answers: Vec<Answer<Tokens>> = thread::scope(|scope| {
            let refresh = || {
                let mut con = redis.connect();
                barrier.wait();
                con.refresh(&key, &first.refresh, &[])
            };
            let refreshes: Vec<_> = (0..4).map(|_| scope.spawn(refresh)).collect();
            barrier.wait();
            assert_eq!(con.get::<i64>(&["AUTH.REVOKE", &key, "ALL"]), 1);
            refreshes.into_iter().map(|refresh| refresh.join().unwrap()).collect()
        });
        assert!(con.records(&key).is_empty());
        for tokens in answers.into_iter().flatten() {
            assert_eq!(refused(con.refresh(&key, &tokens.refresh, &[])), "NOSESSION");
            assert_eq!(refused(con.verify(&key, &tokens.access, &[])), "NOSESSION");
        }
    }
}

// supabase#6702
#[test]
fn an_access_token_does_not_outlive_the_logout() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for how in ["ALL", "SESSION", "TOKEN"] {
        let tokens = con.issue("auth:42", &[]).unwrap();
        con.verify("auth:42", &tokens.access, &[]).unwrap();
        con.verify("auth:42", &tokens.access, &[]).unwrap();
        let argument = match how {
            "ALL" => vec![],
            "SESSION" => vec![tokens.session_id.as_str()],
            _ => vec![tokens.refresh.as_str()],
        };
        con.get::<i64>(&[&["AUTH.REVOKE", "auth:42", how], &argument[..]].concat());
        assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "NOSESSION", "{how}");
        assert!(tokens.claims()["exp"].as_i64().unwrap() > con.now_ms() / 1000 + 800, "it has not expired");
    }
}

// keycloak#37144
#[test]
fn a_changed_role_does_not_go_stale_in_a_token() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let before = con.issue("auth:42", &["CLAIMS", r#"{"role":"admin"}"#]).unwrap();
    con.verify("auth:42", &before.access, &[]).unwrap();
    con.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", "ALL", r#"{"role":"guest"}"#]);
    assert_eq!(refused(con.verify("auth:42", &before.access, &[])), "STALETOKEN");
    let after = con.refresh("auth:42", &before.refresh, &[]).unwrap();
    assert_eq!(con.verify("auth:42", &after.access, &[]).unwrap()["role"], "guest");
}

// next-auth#3721
#[test]
fn a_key_rotation_logs_nobody_out() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let ring = redis.ring().clone().and(Key::signing("ES256", "sig-2")).and(Key::refresh("ref-2"));
    ring.write(&redis.path("keyring.json"));
    con.get::<()>(&["AUTH.RELOAD"]);
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    let next = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    con.verify("auth:42", &next.access, &[]).unwrap();
    con.refresh("auth:42", &next.refresh, &[]).unwrap();
}

// svelte-langgraph#284
#[test]
fn a_removed_key_is_not_trusted_any_more() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    Keyring(vec![Key::signing("EdDSA", "sig-2"), Key::refresh("ref-2")]).write(&redis.path("keyring.json"));
    con.get::<()>(&["AUTH.RELOAD"]);
    assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "INVALIDTOKEN", "nor remembered");
    assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "INVALIDTOKEN");
    let kids: Vec<_> = con.jwks()["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
    assert_eq!(kids, ["sig-2"]);
    assert_eq!(con.records("auth:42").len(), 1, "no forgery ends a session");
}
