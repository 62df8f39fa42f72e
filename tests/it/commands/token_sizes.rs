//! No access token is ever longer than AUTH.VERIFY reads, whatever becomes of its session later.

use crate::support::*;

/// The longest token that AUTH.VERIFY reads.
const LONGEST: usize = 8192;

/// Returns claims of a size.
fn claims(length: usize) -> String {
    format!(r#"{{"a":"{}"}}"#, "x".repeat(length))
}

/// Returns the longest claims that a command accepts.
fn longest(mut is_accepted: impl FnMut(&str) -> bool) -> String {
    let (mut accepted, mut refused): (usize, usize) = (0, 8192);
    while refused - accepted > 1 {
        let middle = accepted.midpoint(refused);
        if is_accepted(&claims(middle)) { accepted = middle } else { refused = middle }
    }
    claims(accepted)
}

/// A server that takes claims of any size that a token can hold.
fn server() -> Redis {
    Redis::with(&[
        "hallpass.claims-max-bytes 65536",
        "hallpass.issuer https://id.example",
        "hallpass.audience api",
    ])
}

/// Refreshes at ever higher generations, and verifies each token.
fn grow(redis: &Redis, mut tokens: Tokens) -> Tokens {
    let mut con = redis.connect();
    for generation in [0_u64, 8, 9, 98, 99, 999_999, (1 << 53) - 3] {
        let token = jwt::forge_refresh(redis.ring().key("ref-1"), &tokens.refresh, &generation.to_string());
        tokens = con.refresh("auth:42", &token, &["CLIENT", "web"]).unwrap();
        assert_eq!(tokens.generation(), generation + 1);
        assert!(tokens.access.len() <= LONGEST, "{} at generation {generation}", tokens.access.len());
        con.verify("auth:42", &tokens.access, &[]).unwrap();
    }
    tokens
}

#[test]
fn the_longest_claims_of_a_login_fit_at_every_generation() {
    let redis = server();
    let mut con = redis.connect();
    let claims = longest(|claims| con.issue("auth:42", &["CLIENT", "web", "CLAIMS", claims]).is_ok());
    let refusal =
        con.issue("auth:42", &["CLAIMS", &claims.replacen('x', "xx", 1), "CLIENT", "web"]).unwrap_err();
    assert_eq!(refusal.text, "hallpass: access token would be too large");
    assert!(claims.len() > 4096, "what is taken by default is far from the limit: {}", claims.len());
    let tokens = con.issue("auth:42", &["CLIENT", "web", "CLAIMS", &claims]).unwrap();
    grow(&redis, tokens);
}

#[test]
fn the_longest_new_claims_fit_at_every_generation() {
    let redis = server();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &["CLIENT", "web"]).unwrap();
    longest(|claims| con.run(&["AUTH.SETCLAIMS", "auth:42", "ALL", claims]).is_ok());
    grow(&redis, tokens);
}

#[test]
fn new_claims_fit_into_the_tokens_of_all_sessions() {
    let redis = server();
    let mut con = redis.connect();
    // Each quote is two characters in a token.
    let audiences = ["\"".repeat(254), "a".repeat(255), "b".repeat(100)];
    let sids = audiences.map(|audience| con.issue("auth:42", &["AUDIENCE", &audience]).unwrap().session_id);
    let fitting = |con: &mut Con, sid: &str| {
        longest(|claims| con.run(&["AUTH.SETCLAIMS", "auth:42", sid, claims]).is_ok()).len()
    };
    let shortest = sids.iter().map(|sid| fitting(&mut con, sid)).min().unwrap();
    assert_eq!(fitting(&mut con, "ALL"), shortest);
}

#[test]
fn the_longest_claims_fit_after_a_change_of_keys() {
    let redis = server();
    let mut con = redis.connect();
    let claims = longest(|claims| con.issue("auth:42", &["CLIENT", "web", "CLAIMS", claims]).is_ok());
    let tokens = con.issue("auth:42", &["CLIENT", "web", "CLAIMS", &claims]).unwrap();
    let rsa = Keyring::generated("RS256").0.into_iter().find(|key| key.text("use") == "sig").unwrap();
    let ring = redis.ring().clone().and(rsa.with("kid", "k".repeat(64)));
    ring.write(&redis.path("keyring.json"));
    con.get::<()>(&["AUTH.RELOAD"]);
    let tokens = grow(&redis, tokens);
    assert_eq!(tokens::header(&tokens.access)["alg"], "RS256");
}

#[test]
fn a_token_that_became_too_long_is_refused_and_changes_nothing() {
    let redis = server();
    let mut con = redis.connect();
    let claims = longest(|claims| con.issue("auth:42", &["CLAIMS", claims]).is_ok());
    let tokens = con.issue("auth:42", &["CLAIMS", &claims]).unwrap();
    con.get::<()>(&["CONFIG", "SET", "hallpass.issuer", &format!("https://id.example/{}", "x".repeat(900))]);
    let before = con.records("auth:42");
    let refusal = con.refresh("auth:42", &tokens.refresh, &[]).unwrap_err();
    assert_eq!(refusal.text, "hallpass: access token would be too large");
    assert_eq!(con.records("auth:42"), before);
    assert_eq!(con.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", &tokens.session_id, "{}"]), 1);
    let next = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    con.verify("auth:42", &next.access, &[]).unwrap();
}
