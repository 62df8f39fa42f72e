//! `hallpass.token-type` and `hallpass.access-ttl-jitter`: how access tokens are marked and how long they last.

use crate::support::*;

#[test]
fn the_type_of_tokens_can_be_set_and_both_are_accepted() {
    for alg in ["EdDSA", "ES256", "HS256"] {
        let redis = Redis::builder().keyring(Keyring::signing_with(alg)).start();
        let mut con = redis.connect();
        let first = con.issue("auth:42", &[]).unwrap();
        assert_eq!(tokens::header(&first.access)["typ"], "at+jwt");
        con.get::<()>(&["CONFIG", "SET", "hallpass.token-type", "JWT"]);
        let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
        assert_eq!(tokens::header(&second.access)["typ"], "JWT");
        con.get::<()>(&["AUTH.RELOAD"]);
        for access in [&first.access, &second.access] {
            con.verify("auth:42", access, &[]).unwrap();
            con.refresh("auth:42", &second.refresh, &["ACCESS", access]).unwrap();
        }
    }
}

#[test]
fn no_other_type_is_taken() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for bad in ["", "jwt", "at+JWT", "application/at+jwt", "JWT "] {
        assert_eq!(refused(con.run(&["CONFIG", "SET", "hallpass.token-type", bad])), "ERR", "{bad:?}");
    }
    let tokens = con.issue("auth:42", &[]).unwrap();
    let key = redis.ring().key("sig-1");
    for typ in ["jwt", "AT+JWT", "dpop+jwt", ""] {
        let mut header = jwt::header_for(key);
        header["typ"] = typ.into();
        let forged = jwt::sign(key, &header, &tokens.claims());
        assert_eq!(refused(con.verify("auth:42", &forged, &[])), "INVALIDTOKEN", "{typ}");
    }
}

#[test]
fn jitter_shortens_lifetimes_differently_and_a_retry_not_at_all() {
    let redis = Redis::with(&["hallpass.access-ttl-jitter 50", "hallpass.session-limit 0"]);
    let mut con = redis.connect();
    let mut lifetimes = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let first = con.issue("auth:42", &[]).unwrap();
        assert!((449..=900).contains(&first.expires_in), "{}", first.expires_in);
        lifetimes.insert(first.expires_in);
        let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
        let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
        assert_eq!(again.access, second.access, "byte for byte");
        let inspected = redis.raw().call(&["AUTH.INSPECT", "auth:42", &second.refresh]);
        assert_eq!(
            inspected.member("access_expires_at"),
            Reply::Integer(second.claims()["exp"].as_i64().unwrap())
        );
    }
    assert!(lifetimes.len() > 20, "{lifetimes:?}");
}

#[test]
fn without_jitter_lifetimes_are_whole_and_jitter_counts_for_a_sessions_own_too() {
    let redis = Redis::start();
    let mut con = redis.connect();
    assert_eq!(con.issue("auth:42", &["ACCESSTTL", "100"]).unwrap().expires_in, 100);
    con.get::<()>(&["CONFIG", "SET", "hallpass.access-ttl-jitter", "50"]);
    let lifetimes: Vec<i64> =
        (0..50).map(|_| con.issue("auth:42", &["ACCESSTTL", "100"]).unwrap().expires_in).collect();
    assert!(lifetimes.iter().all(|ttl| (49..=100).contains(ttl)), "{lifetimes:?}");
    assert!(lifetimes.iter().any(|ttl| *ttl < 90), "{lifetimes:?}");
}
