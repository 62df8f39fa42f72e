//! Where Redis refuses to tell of changes, it is asked each time.

use super::observer::Program;
use crate::{redis_side::acl_roles::role_line, support::*};

/// Verifies a token now and then until it was certainly tried to listen, and asserts that nothing was kept.
#[track_caller]
fn asks_each_time(program: &Program, con: &mut Con, token: &str) {
    for _ in 0..20 {
        let before = con.counter("verified");
        program.verify(token).unwrap();
        assert_eq!(con.counter("verified"), before + 1);
    }
    assert_eq!((program.kept().entries, program.kept().hits), (0, 0));
}

#[test]
fn a_user_without_the_rights_asks_each_time() {
    let redis = Redis::builder().tcp().start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let rights = ["+role", "+time", "+info", "+client|tracking", "+client|trackinginfo"];
    for missing in rights {
        let others = rights.iter().filter(|right| **right != missing);
        let line = ["ACL", "SETUSER", "some", "reset", "on", ">secret", "%R~auth:*", "+auth.verify"];
        con.get::<()>(&line.iter().chain(others).copied().collect::<Vec<_>>());
        let program = Program::new(&format!("redis://some:secret@127.0.0.1:{}", redis.port()));
        asks_each_time(&program, &mut con, &tokens.access);
    }
    let line = ["ACL", "SETUSER", "some", "reset", "on", ">secret", "%R~auth:*", "+auth.verify"];
    con.get::<()>(&line.iter().chain(&rights).copied().collect::<Vec<_>>());
    Program::new(&format!("redis://some:secret@127.0.0.1:{}", redis.port())).learn(&tokens.access);
}

#[test]
fn the_documented_roles_have_the_rights() {
    let redis = Redis::builder().tcp().start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    for name in ["verifier", "server"] {
        let line = role_line(name);
        let words: Vec<&str> = ["ACL", "SETUSER"].into_iter().chain(line.split(' ')).collect();
        con.get::<()>(&words);
        Program::new(&format!("redis://{name}:secret@127.0.0.1:{}", redis.port())).learn(&tokens.access);
    }
}

/// Seen to fail when the role is not looked at: a replica hears of a revocation when its primary tells it.
#[test]
fn a_replica_is_asked_each_time() {
    let primary = Redis::builder().tcp().start();
    let replica = Redis::replica_of(&primary);
    let mut con = primary.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    primary.wait_until_replicated();
    asks_each_time(&Program::of(&replica), &mut replica.connect(), &tokens.access);
}

#[test]
fn nothing_is_kept_where_there_is_no_room() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let cache = hallpass_client::VerifyCache { bytes: 0, ..Default::default() };
    let program = Program::with(&format!("unix:{}", redis.socket().display()), cache);
    asks_each_time(&program, &mut con, &tokens.access);
    assert!(!con.get::<String>(&["CLIENT", "LIST"]).contains("flags=t"), "nobody listens");
}
