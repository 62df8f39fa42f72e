//! The tokens: their contents, verification by others, and equal tokens for a retry.

use super::*;

#[test]
fn the_tokens_of_issue_refresh_and_retry_verify_everywhere() {
    for alg in ["RS256", "PS256", "ES256"] {
        let redis = signing_with(alg);
        let mut con = redis.connect();
        let jwks = con.jwks();
        let first = con.issue("auth:42", &["CLAIMS", r#"{"role":"admin"}"#]).unwrap();
        let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
        let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
        for (generation, tokens) in [(0, &first), (1, &second), (1, &again)] {
            let header = tokens::header(&tokens.access);
            assert_eq!((&header["alg"], &header["typ"]), (&alg.into(), &"at+jwt".into()));
            let claims = jwt::independently_verified(&jwks, &tokens.access);
            assert_eq!((&claims["gen"], &claims["role"]), (&generation.into(), &"admin".into()));
            assert_eq!(con.verify("auth:42", &tokens.access, &[]).unwrap(), claims, "{alg}");
        }
    }
}

#[test]
fn a_retry_of_rs256_is_identical_and_of_randomised_signatures_equivalent() {
    for (alg, is_deterministic) in [("RS256", true), ("PS256", false), ("ES256", false)] {
        let redis = signing_with(alg);
        let mut con = redis.connect();
        let first = con.issue("auth:42", &[]).unwrap();
        let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
        let state = con.records("auth:42");
        for _ in 0..3 {
            let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
            assert_eq!(again.refresh, second.refresh);
            assert_eq!(again.claims(), second.claims());
            assert_eq!(again.signature() == second.signature(), is_deterministic, "{alg}");
        }
        assert_eq!(con.records("auth:42"), state, "a retry changes nothing");
    }
}

#[test]
fn a_repeated_issue_gets_the_same_session() {
    let redis = signing_with("RS256");
    let mut con = redis.connect();
    let options = ["SID", "0190b2c4-7d1a-7abc-8def-0123456789ab"];
    let first = con.issue("auth:42", &options).unwrap();
    let again = con.issue("auth:42", &options).unwrap();
    assert_eq!((again.access, again.refresh), (first.access, first.refresh));
    assert_eq!(con.records("auth:42").len(), 1);
}

#[test]
fn a_waiting_client_gets_the_reply_in_its_protocol() {
    let redis = signing_with("RS256");
    let flat = redis.raw().call(&["AUTH.ISSUE", "auth:42"]);
    let map = redis.raw().resp3().call(&["AUTH.ISSUE", "auth:42", "LIMIT", "1"]);
    assert!(matches!(flat, Reply::Array(_)) && matches!(map, Reply::Map(_)));
    let names = |reply: &Reply| reply.pairs().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(&flat), names(&map));
    assert_eq!(map.member("evicted").items()[0].text(), text(&flat, "session_id"));
}

#[test]
fn what_is_refused_is_refused_at_once() {
    let redis = signing_with("RS256");
    let mut con = redis.connect();
    let before = con.issue("auth:42", &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", "x", &[])), "INVALIDTOKEN");
    assert_eq!(refused(con.issue("auth:42", &["LIMIT", "1", "REJECT"])), "SESSIONLIMIT");
    let next = con.refresh("auth:42", &before.refresh, &[]).unwrap();
    con.refresh("auth:42", &next.refresh, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &before.refresh, &[])), "REUSEDTOKEN");
    assert_eq!(waiting(&mut con), 0);
}
