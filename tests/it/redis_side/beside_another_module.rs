//! Another module in the same server, which knows nothing of Hallpass: it calls the commands from a command of its own,
//! from a thread, and during Hallpass' own writes.

use crate::support::*;
use tempfile::TempDir;

/// Returns a redis-server with both modules. The directory holds the other one.
fn with_neighbour(alg: &str) -> (TempDir, Redis) {
    let dir = tempfile::tempdir().unwrap();
    let library = c_library::compiled("neighbour", dir.path());
    let line = format!("loadmodule {}", library.display());
    let redis = Redis::builder().keyring(Keyring::generated(alg)).line(&line).start();
    (dir, redis)
}

/// Returns the tokens that a command answers when the other module calls it by `way`.
fn tokens(con: &mut Con, way: &str, args: &[&str]) -> Tokens {
    let reply = con.run(&[&[way], args].concat());
    Tokens::from_reply(&reply.unwrap_or_else(|refusal| panic!("{way} {args:?}: {refusal:?}")))
}

/// With RS256 a client waits while a worker signs, but a caller inside redis-server cannot wait. Seen to fail if the
/// module does not ask whether blocking is denied.
#[test]
fn another_module_gets_the_same_answers_as_a_client() {
    for alg in ["EdDSA", "RS256"] {
        let (_dir, redis) = with_neighbour(alg);
        let mut con = redis.connect();
        for way in ["NEIGHBOUR.CALL", "NEIGHBOUR.LATER"] {
            let first = tokens(&mut con, way, &["AUTH.ISSUE", "auth:42"]);
            let second = tokens(&mut con, way, &["AUTH.REFRESH", "auth:42", &first.refresh]);
            let again = tokens(&mut con, way, &["AUTH.REFRESH", "auth:42", &first.refresh]);
            assert_eq!((&again.refresh, &again.access), (&second.refresh, &second.access), "a retry");
            let by_client = con.verify("auth:42", &second.access, &[]).unwrap();
            let claims: String = con.get(&[way, "AUTH.VERIFY", "auth:42", &second.access]);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&claims).unwrap(), by_client);
            let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
            let reused = con.run(&[way, "AUTH.REFRESH", "auth:42", &first.refresh]);
            assert_eq!(refused(reused), "REUSEDTOKEN");
            assert_eq!(refused(con.refresh("auth:42", &third.refresh, &[])), "NOSESSION");
        }
        assert_eq!((con.counter("issued"), con.counter("refreshed"), con.counter("retried")), (2, 4, 2));
    }
}

#[test]
fn another_module_may_look_at_sessions_in_the_middle_of_a_write() {
    let (_dir, redis) = with_neighbour("EdDSA");
    let mut con = redis.connect();
    let mut seen = 0;
    let mut has_looked = |con: &mut Con| {
        let before = std::mem::replace(&mut seen, con.get(&["NEIGHBOUR.SEEN"]));
        seen > before
    };
    let tokens = con.issue("auth:42", &["LIMIT", "1"]).unwrap();
    assert!(has_looked(&mut con), "at AUTH.ISSUE");
    let next = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert!(has_looked(&mut con), "at AUTH.REFRESH");
    assert_eq!(con.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", "ALL", r#"{"a":1}"#]), 1);
    assert!(has_looked(&mut con), "at AUTH.SETCLAIMS");
    let last = con.refresh("auth:42", &next.refresh, &[]).unwrap();
    con.verify("auth:42", &last.access, &[]).unwrap();
    assert_eq!(con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]), 1);
    assert!(has_looked(&mut con), "at AUTH.REVOKE");
}
