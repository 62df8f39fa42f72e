//! The test harness: whatever happens to a test, no process and no file stays behind.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::process::Signal;

use crate::support::{http_server::Server, process::exists, *};

/// Ends a redis-server by a signal, as a crash does.
fn crashed(lines: &[&str]) -> Redis {
    let mut redis = Redis::with(lines);
    redis.signal(Signal::SEGV);
    redis.wait_until_ended();
    redis
}

/// Returns whether the guard of this redis-server lets its test pass.
fn passes(redis: Redis) -> bool {
    catch_unwind(AssertUnwindSafe(|| drop(redis))).is_ok()
}

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

/// Seen to fail on Valkey if only the words of Redis are known.
#[test]
fn a_crash_that_is_logged_fails_the_test() {
    let redis = crashed(&[]);
    let dir = redis.path("");
    assert!(redis.has_logged_a_crash(), "{}", redis.log());
    assert!(!passes(redis) && !dir.exists());
}

/// Seen to fail if only the log is read.
#[test]
fn a_crash_that_nobody_logs_fails_the_test() {
    let redis = crashed(&["crash-log-enabled no"]);
    assert!(!redis.has_logged_a_crash(), "{}", redis.log());
    assert!(!passes(redis));
    let mut redis = crashed(&["crash-log-enabled no"]);
    assert!(catch_unwind(AssertUnwindSafe(|| redis.kill())).is_err(), "killed too late");
}

#[test]
fn a_kill_by_the_test_is_not_a_crash() {
    let mut redis = Redis::start();
    redis.signal(Signal::KILL);
    redis.wait_until_ended();
    assert!(passes(redis));
    let mut redis = Redis::start();
    redis.kill();
    assert!(passes(redis));
}
