//! The harness itself: whatever happens to a test, no process and no file stays behind.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::{http_server::Server, process::exists, *};

#[test]
fn a_redis_server_ends_with_its_guard() {
    let redis = Redis::start();
    let (pid, socket) = (redis.pid(), redis.socket());
    assert!(exists(pid) && socket.exists());
    drop(redis);
    assert!(!exists(pid) && !socket.parent().unwrap().exists());
}

#[test]
fn a_panicking_test_leaves_nothing_behind() {
    let mut seen = None;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let redis = Redis::start();
        let server = Server::start();
        let dirs = [redis.socket().parent().unwrap().to_owned(), server.dir().to_owned()];
        seen = Some((redis.pid(), server.redis_pid(), dirs));
        let mut con = redis.connect();
        con.get::<()>(&["CLIENT", "PAUSE", "600000", "WRITE"]);
        panic!("as a failed assertion would");
    }));
    assert!(outcome.is_err());
    let (own, private, dirs) = seen.unwrap();
    assert!(!exists(own) && !exists(private));
    assert!(dirs.iter().all(|dir| !dir.exists()));
}

#[test]
#[should_panic(expected = "waited 50ms in vain: the impossible")]
fn a_wait_ends_with_its_name() {
    wait_until("the impossible", std::time::Duration::from_millis(50), || false);
}
