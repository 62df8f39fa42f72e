//! AUTH.ISSUE: its reply and what it writes.

use serde_json::json;
use uuid::Uuid;

use crate::support::{tokens::refresh_parts, *};

#[test]
fn answers_with_a_token_response() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();

    assert_eq!(tokens.expires_in, 900);
    assert_eq!(tokens.refresh_expires_in, 1_209_600);
    assert_eq!(tokens.evicted, Some(vec![]));
    let sid = Uuid::parse_str(&tokens.session_id).unwrap();
    assert_eq!(sid.get_version_num(), 7);
    assert_eq!(sid.to_string(), tokens.session_id, "canonical and lower case");
}

#[test]
fn the_refresh_token_spells_out_key_subject_login_and_generation() {
    let redis = Redis::start();
    let tokens = redis.connect().issue("auth:ünï 42", &[]).unwrap();
    let parts = refresh_parts(&tokens.refresh);

    assert_eq!(parts[0], "hp1");
    assert_eq!(parts[1], "ref-1");
    assert_eq!(tokens::unbase64(&parts[2]), "ünï 42".as_bytes());
    let login = tokens::unbase64(&parts[3]);
    assert_eq!(Uuid::from_slice(&login[..16]).unwrap().to_string(), tokens.session_id);
    let issued_at = login[16..].iter().fold(0, |time, byte| time << 8 | i64::from(*byte));
    assert_eq!((login.len(), issued_at / 1000), (22, tokens.claims()["auth_time"].as_i64().unwrap()));
    let jti = tokens.claims()["jti"].as_str().unwrap().to_owned();
    assert_eq!(jti.split('.').next(), Some(parts[3].as_str()), "the access token's id begins with it");
    assert_eq!(parts[4], "0");
    assert!(tokens::unbase64(&parts[5]).len() >= 16, "at least 128 bits of MAC");
}

#[test]
fn replies_are_a_flat_array_in_resp2_and_a_map_in_resp3() {
    let redis = Redis::start();
    let names =
        ["access_token", "expires_in", "refresh_token", "refresh_expires_in", "session_id", "evicted"];
    let flat = redis.raw().call(&["AUTH.ISSUE", "auth:42"]);
    let map = redis.raw().resp3().call(&["AUTH.ISSUE", "auth:42"]);

    assert!(matches!(flat, Reply::Array(_)));
    assert!(matches!(map, Reply::Map(_)));
    for reply in [flat, map] {
        let mut found: Vec<String> = reply.pairs().into_iter().map(|(name, _)| name).collect();
        let mut expected = names.map(str::to_owned).to_vec();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        assert_eq!(reply.member("expires_in"), Reply::Integer(900));
        assert_eq!(reply.member("evicted"), Reply::Array(vec![]));
        assert!(matches!(reply.member("access_token"), Reply::Bulk(_)));
    }
}

#[test]
fn the_access_token_carries_the_registered_and_the_custom_claims() {
    let redis = Redis::start();
    let mut con = redis.connect3();
    let claims = r#"{"role":"admin","scope":"read write","nested":{"a":[1,2.5,null,"é"]}}"#;
    let before = con.now_ms() / 1000;
    let tokens = con.issue("auth:42", &["CLAIMS", claims, "CLIENT", "web"]).unwrap();
    let found = tokens.claims();

    let iat = found["iat"].as_i64().unwrap();
    assert!((before - 1..=con.now_ms() / 1000 + 1).contains(&iat));
    assert_eq!(found["sub"], "42");
    assert_eq!(found["sid"], tokens.session_id);
    assert_eq!(found["gen"], 0);
    assert_eq!(found["cv"], 0);
    assert_eq!(found["auth_time"], iat);
    assert_eq!(found["exp"], iat + 900);
    assert_eq!(found["client_id"], "web");
    assert_eq!(found["role"], "admin");
    assert_eq!(found["scope"], "read write");
    assert_eq!(found["nested"], json!({"a": [1, 2.5, null, "é"]}));
    assert!(found["jti"].is_string());
    assert!(found.get("iss").is_none() && found.get("aud").is_none() && found.get("nbf").is_none());
    let header = tokens::header(&tokens.access);
    assert_eq!(header, json!({"typ": "at+jwt", "alg": "EdDSA", "kid": "sig-1"}));
}

#[test]
fn issuer_and_audience_come_from_the_configuration_and_audience_from_the_option() {
    let redis = Redis::with(&["hallpass.issuer https://id.example", "hallpass.audience api"]);
    let mut con = redis.connect();
    let plain = con.issue("auth:42", &[]).unwrap().claims();
    assert_eq!(plain["iss"], "https://id.example");
    assert_eq!(plain["aud"], "api");
    let other = con.issue("auth:42", &["AUDIENCE", "reports"]).unwrap().claims();
    assert_eq!(other["aud"], "reports");
}

#[test]
fn a_token_id_differs_between_sessions_and_generations() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.issue("auth:42", &[]).unwrap();
    let third = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    let ids = [first, second, third].map(|tokens| tokens.claims()["jti"].clone());
    assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
}

#[test]
fn a_session_without_options_fits_48_bytes_and_stays_a_listpack() {
    let redis = Redis::builder().line("hash-max-listpack-value 64").start();
    let mut con = redis.connect();
    let mut tokens = con.issue("auth:42", &[]).unwrap();
    for _ in 0..20 {
        tokens = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    }
    let records = con.records("auth:42");
    assert_eq!(records.keys().collect::<Vec<_>>(), [&tokens.session_id]);
    assert!(records.values().all(|record| record.len() <= 48), "{records:?}");
    assert_eq!(con.get::<String>(&["OBJECT", "ENCODING", "auth:42"]), "listpack");
    assert_eq!(con.get::<String>(&["TYPE", "auth:42"]), "hash");
}

#[test]
fn a_growing_generation_does_not_change_the_size_of_the_record() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut tokens = con.issue("auth:42", &["CLAIMS", r#"{"a":1}"#, "CLASS", "phone"]).unwrap();
    let size = con.records("auth:42")[&tokens.session_id].len();
    for _ in 0..300 {
        tokens = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    }
    assert_eq!(tokens.generation(), 300);
    assert_eq!(con.records("auth:42")[&tokens.session_id].len(), size);
}

#[test]
fn the_key_expires_at_or_shortly_after_its_latest_session() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let before = con.now_ms() - 1_000;
    con.issue("auth:42", &["IDLETTL", "1000"]).unwrap();
    let after = con.now_ms() + 1_000;
    let first = con.expires_at("auth:42");
    assert!(first >= before + 1_000_000, "not before the session ends");
    assert!(first <= after + 1_000_000 + 60_000, "at most max(60 s, idle/64) later");

    con.issue("auth:42", &["IDLETTL", "5000"]).unwrap();
    let extended = con.expires_at("auth:42");
    assert!(extended >= after + 4_998_000);
    con.issue("auth:42", &["IDLETTL", "10"]).unwrap();
    assert_eq!(con.expires_at("auth:42"), extended, "only ever extended");
}

#[test]
fn a_key_that_lost_its_expiry_gets_one_at_the_next_write() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.get::<i64>(&["PERSIST", "auth:42"]);
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert!(con.expires_at("auth:42") > con.now_ms());

    con.get::<i64>(&["PERSIST", "auth:42"]);
    con.issue("auth:42", &[]).unwrap();
    assert!(con.expires_at("auth:42") > con.now_ms());
}

#[test]
fn expired_sessions_inside_a_live_key_are_pruned() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for _ in 0..5 {
        con.issue("auth:42", &["IDLETTL", "1"]).unwrap();
    }
    let lasting = con.issue("auth:42", &[]).unwrap();
    con.let_pass(std::time::Duration::from_millis(1100));
    let newest = con.issue("auth:42", &[]).unwrap();
    assert_eq!(newest.evicted, Some(vec![]), "an expired session is not evicted but gone");
    wait_until("all expired ones are pruned by further calls", SOON, || {
        con.issue("auth:42", &["LIMIT", "1", "CLASS", "pruning"]).unwrap();
        con.records("auth:42").len() == 3
    });
    let left = con.records("auth:42");
    assert!(left.contains_key(&lasting.session_id) && left.contains_key(&newest.session_id));
}
