//! AUTH.VERIFY: its answers, the order of its checks, and the tokens that it accepts.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::support::{clock::Clocked, *};

/// Returns the claims of a fresh session, to be changed and signed again.
fn session(con: &mut Con) -> (Tokens, Json) {
    let tokens = con.issue("auth:42", &[]).unwrap();
    let claims = tokens.claims();
    (tokens, claims)
}

/// Returns `claims` with some members replaced (null removes one), signed by the server's own key.
fn changed(redis: &Redis, claims: &Json, changes: Json) -> String {
    let mut claims = claims.clone();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    let key = redis.ring().key("sig-1");
    jwt::sign(key, &jwt::header_for(key), &claims)
}

#[test]
fn answers_with_the_claims_exactly_as_signed() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &["CLAIMS", r#"{"z":"\u00e9","a":1.50}"#]).unwrap();
    let payload = tokens::unbase64(tokens.access.split('.').nth(1).unwrap());
    for mut raw in [redis.raw(), redis.raw().resp3()] {
        let reply = raw.call(&["AUTH.VERIFY", "auth:42", &tokens.access]);
        assert_eq!(reply, Reply::Bulk(payload.clone()));
    }
    assert_eq!(con.counter("verified"), 2);
}

#[test]
fn an_independent_verifier_agrees() {
    for alg in ["EdDSA", "ES256"] {
        let redis = Redis::builder().keyring(Keyring::signing_with(alg)).start();
        let mut con = redis.connect();
        let tokens = con.issue("auth:42", &["CLAIMS", r#"{"role":"admin"}"#]).unwrap();
        let theirs = jwt::independently_verified(&con.jwks(), &tokens.access);
        let ours = con.verify("auth:42", &tokens.access, &[]).unwrap();
        assert_eq!(theirs, ours, "{alg}");
        assert_eq!(tokens::header(&tokens.access)["alg"], alg);
    }
}

#[test]
fn a_token_we_did_not_mint_but_signed_is_believed_while_it_is_right() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let (_, claims) = session(&mut con);
    let token = changed(&redis, &claims, json!({"extra": true}));
    assert_eq!(con.verify("auth:42", &token, &[]).unwrap()["extra"], true);
}

#[test]
fn the_subject_must_be_that_of_the_key() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let (tokens, claims) = session(&mut con);
    con.issue("auth:43", &[]).unwrap();
    assert_eq!(refused(con.verify("auth:43", &tokens.access, &[])), "INVALIDTOKEN");
    for sub in [json!("43"), json!(42), json!(["42"]), Json::Null] {
        let token = changed(&redis, &claims, json!({ "sub": sub }));
        assert_eq!(refused(con.verify("auth:42", &token, &[])), "INVALIDTOKEN");
    }
}

#[test]
fn checks_come_in_the_documented_order() {
    let redis = Redis::with(&["hallpass.issuer https://id", "hallpass.audience api"]);
    let mut con = redis.connect();
    let (tokens, claims) = session(&mut con);
    let now = con.now_ms() / 1000;
    let past = now - 100;
    let mut check = |key: &str, changes: Json, expected: &str| {
        let token = changed(&redis, &claims, changes.clone());
        assert_eq!(refused(con.verify(key, &token, &[])), expected, "{changes}");
    };
    check("auth:42", json!({"exp": past}), "EXPIREDTOKEN");
    check("auth:43", json!({"exp": past}), "INVALIDTOKEN");
    check("auth:42", json!({"exp": past, "nbf": now + 100}), "EXPIREDTOKEN");
    check("auth:42", json!({"exp": past, "iss": "https://other"}), "EXPIREDTOKEN");
    check("auth:42", json!({"exp": past, "aud": "other"}), "EXPIREDTOKEN");
    let gone = "01890a5d-ac96-774b-bcce-b302099a8057";
    check("auth:42", json!({"sid": gone}), "NOSESSION");
    check("auth:42", json!({"sid": gone, "exp": past}), "EXPIREDTOKEN");
    check("auth:42", json!({"sid": gone, "nbf": now + 100}), "INVALIDTOKEN");
    check("auth:42", json!({"sid": gone, "iss": "https://other"}), "INVALIDTOKEN");
    check("auth:42", json!({"sid": gone, "aud": "other"}), "INVALIDTOKEN");
    check("auth:42", json!({"sid": gone, "cv": 7}), "NOSESSION");
    check("auth:42", json!({"cv": 7}), "STALETOKEN");
    check("auth:42", json!({"cv": 7, "aud": "other"}), "INVALIDTOKEN");
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    assert_eq!(con.counter("stale"), 1);
}

#[test]
fn audience_is_checked_when_given_or_configured_and_a_star_skips_it() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let api = con.issue("auth:42", &["AUDIENCE", "api"]).unwrap().access;
    let none = con.issue("auth:42", &[]).unwrap().access;
    let mut verify = |token: &str, options: &[&str]| con.verify("auth:42", token, options).is_ok();
    assert!(verify(&api, &[]) && verify(&api, &["AUDIENCE", "api"]) && verify(&api, &["audience", "*"]));
    assert!(!verify(&api, &["AUDIENCE", "ap"]) && !verify(&api, &["AUDIENCE", "API"]));
    assert!(verify(&none, &[]) && verify(&none, &["AUDIENCE", "*"]) && !verify(&none, &["AUDIENCE", "api"]));

    con.get::<()>(&["CONFIG", "SET", "hallpass.audience", "api"]);
    let mut verify = |token: &str, options: &[&str]| con.verify("auth:42", token, options).is_ok();
    assert!(verify(&api, &[]) && !verify(&none, &[]) && verify(&none, &["AUDIENCE", "*"]));
    assert!(!verify(&api, &["AUDIENCE", "other"]), "the option goes before the configuration");
}

#[test]
fn a_cached_answer_is_still_checked_against_audience_session_and_time() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    let tokens = con.issue("auth:42", &["AUDIENCE", "api", "ACCESSTTL", "400"]).unwrap();
    let ended = con.issue("auth:42", &[]).unwrap();
    for _ in 0..2 {
        con.verify("auth:42", &tokens.access, &[]).unwrap();
        con.verify("auth:42", &ended.access, &[]).unwrap();
    }
    assert!(con.counter("verify_cache_hits") >= 2);
    let elsewhere = con.verify("auth:42", &tokens.access, &["AUDIENCE", "other"]);
    assert_eq!(refused(elsewhere), "INVALIDTOKEN");
    assert_eq!(refused(con.verify("auth:43", &tokens.access, &[])), "INVALIDTOKEN");
    con.get::<i64>(&["HDEL", "auth:42", &ended.session_id]);
    assert_eq!(refused(con.verify("auth:42", &ended.access, &[])), "NOSESSION");
    clocked.forward(Duration::from_secs(401));
    assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "EXPIREDTOKEN");
}

#[test]
fn leeway_forgives_a_little() {
    let redis = Redis::with(&["hallpass.leeway 30"]);
    let mut con = redis.connect();
    let (_, claims) = session(&mut con);
    let now = con.now_ms() / 1000;
    let mut verify = |changes: Json| con.verify("auth:42", &changed(&redis, &claims, changes), &[]);
    assert!(verify(json!({"exp": now - 10})).is_ok());
    assert!(verify(json!({"nbf": now + 10})).is_ok());
    assert_eq!(refused(verify(json!({"exp": now - 60}))), "EXPIREDTOKEN");
    assert_eq!(refused(verify(json!({"nbf": now + 60}))), "INVALIDTOKEN");
}

#[test]
fn an_older_generation_stays_valid_until_it_expires() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(con.verify("auth:42", &first.access, &[]).unwrap()["gen"], 0);
}

#[test]
fn writes_nothing() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let changes = |con: &mut Con| {
        let text: String = con.get(&["INFO", "persistence"]);
        let line = text.lines().find(|line| line.starts_with("rdb_changes_since_last_save"));
        line.unwrap().to_owned()
    };
    let before = (changes(&mut con), con.records("auth:42"), con.expires_at("auth:42"));
    for _ in 0..3 {
        con.verify("auth:42", &tokens.access, &[]).unwrap();
        con.verify("auth:42", "x", &[]).unwrap_err();
    }
    assert_eq!((changes(&mut con), con.records("auth:42"), con.expires_at("auth:42")), before);
}

#[test]
fn its_only_option_is_audience_once() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let (tokens, _) = session(&mut con);
    let long = "x".repeat(256);
    for options in [
        &["AUDIENCE"][..],
        &["AUDIENCE", "a", "AUDIENCE", "a"],
        &["X", "a"],
        &["AUDIENCE", ""],
        &["AUDIENCE", &long],
        &["AUDIENCE", "a\n"],
    ] {
        assert_eq!(refused(con.verify("auth:42", &tokens.access, options)), "ERR", "{options:?}");
    }
}
