//! The clock goes forward by a year, and back again: ended sessions stay ended, new ones go on.

use super::*;

/// Asserts that a session's tokens are refused after its end.
#[track_caller]
fn assert_over(con: &mut Con, tokens: &Tokens) {
    let code = refused(con.refresh("auth:42", &tokens.refresh, &[]));
    assert!(["EXPIREDTOKEN", "NOSESSION"].contains(&code.as_str()), "{code}");
    let code = refused(con.verify("auth:42", &tokens.access, &[]));
    assert!(["EXPIREDTOKEN", "NOSESSION"].contains(&code.as_str()), "{code}");
}

#[test]
fn after_a_year_everything_has_expired_and_a_login_works() {
    let server = Clocked::with(&[]);
    let mut con = server.redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    server.forward(YEAR);
    for tokens in [&first, &second] {
        assert_over(&mut con, tokens);
    }
    assert!(con.records("auth:42").is_empty(), "Redis has reclaimed the key");
    let new = con.issue("auth:42", &[]).unwrap();
    con.verify("auth:42", &new.access, &[]).unwrap();
    assert_usable(&mut con, &new);
}

#[test]
fn sessions_in_a_key_without_expiry_are_expired_and_pruned() {
    let server = Clocked::with(&[]);
    let mut con = server.redis.connect();
    let old: Vec<_> = (0..3).map(|_| con.issue("auth:42", &[]).unwrap()).collect();
    con.get::<i64>(&["PERSIST", "auth:42"]);
    server.forward(YEAR);
    assert_eq!(refused(con.verify("auth:42", &old[0].access, &[])), "EXPIREDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &old[0].refresh, &[])), "EXPIREDTOKEN");
    assert_eq!(con.records("auth:42").len(), 2, "a refresh removes its session");
    assert!(con.get::<Vec<redis::Value>>(&["AUTH.SESSIONS", "auth:42"]).is_empty());
    let new = con.issue("auth:42", &["LIMIT", "1", "REJECT"]).unwrap();
    assert_eq!(con.records("auth:42").into_keys().collect::<Vec<_>>(), [new.session_id]);
    assert!(con.expires_at("auth:42") > con.now_ms());
}

#[test]
fn a_session_of_the_future_goes_on_when_the_clock_is_right_again() {
    let server = Clocked::with(&[]);
    let mut con = server.redis.connect();
    server.forward(YEAR);
    let first = con.issue("auth:42", &[]).unwrap();
    let second = assert_usable(&mut con, &first);
    server.right();
    con.verify("auth:42", &second.access, &[]).unwrap();
    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(
        (&again.access, &again.refresh),
        (&second.access, &second.refresh),
        "a retry, whatever its age"
    );
    let third = assert_usable(&mut con, &second);
    assert!(number(&third, "iat") < number(&third, "auth_time"));
    assert_eq!((third.expires_in, third.refresh_expires_in), (900, 1_209_600));
    assert_usable(&mut con, &third);
}

#[test]
fn a_clock_that_was_wrong_for_a_moment_ends_only_what_was_touched() {
    let server = Clocked::with(&[]);
    let mut con = server.redis.connect();
    let touched = con.issue("auth:42", &[]).unwrap();
    let others: Vec<_> = (0..2).map(|_| con.issue("auth:42", &[]).unwrap()).collect();
    con.get::<i64>(&["PERSIST", "auth:42"]);
    server.forward(YEAR);
    assert_eq!(refused(con.refresh("auth:42", &touched.refresh, &[])), "EXPIREDTOKEN");
    for other in &others {
        assert_eq!(refused(con.verify("auth:42", &other.access, &[])), "EXPIREDTOKEN");
    }
    server.right();
    assert_eq!(refused(con.refresh("auth:42", &touched.refresh, &[])), "NOSESSION");
    for other in &others {
        con.verify("auth:42", &other.access, &[]).unwrap();
        assert_usable(&mut con, other);
    }
}

#[test]
fn keys_of_the_ring_begin_and_end_with_the_clock() {
    let server = Clocked::with(&[]);
    let mut con = server.redis.connect();
    let now = con.now_ms() / 1000;
    let of_next_month = |key: Key| key.with("nbf", now + 30 * 86_400);
    let ring = server.redis.ring().clone();
    let ring =
        ring.and(of_next_month(Key::signing("EdDSA", "sig-2"))).and(of_next_month(Key::refresh("ref-2")));
    ring.write(&server.redis.path("keyring.json"));
    con.get::<()>(&["AUTH.RELOAD"]);
    let kids = |tokens: &Tokens| {
        (tokens::header(&tokens.access)["kid"].clone(), tokens::refresh_parts(&tokens.refresh)[1].clone())
    };
    let now = con.issue("auth:42", &[]).unwrap();
    assert_eq!(kids(&now), ("sig-1".into(), "ref-1".into()));
    server.forward(YEAR);
    let later = con.issue("auth:42", &[]).unwrap();
    assert_eq!(kids(&later), ("sig-2".into(), "ref-2".into()));
    server.right();
    con.verify("auth:42", &later.access, &[]).unwrap();
    let back = assert_usable(&mut con, &later);
    assert_eq!(kids(&back), ("sig-1".into(), "ref-1".into()), "the key of the rotation's own time");
}
