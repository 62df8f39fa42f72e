//! What is kept has bounds, and what is dropped is asked about again.

use std::time::Duration;

use hallpass_client::VerifyCache;

use super::observer::Program;
use crate::support::*;

#[test]
fn kept_answers_take_no_more_room_than_they_may() {
    let redis = Redis::start();
    let cache = VerifyCache { bytes: 256 << 10, stale_if_error: Duration::ZERO };
    let program = Program::with(&format!("unix:{}", redis.socket().display()), cache);
    let mut con = redis.connect();
    program.learn(&con.issue("auth:0", &[]).unwrap().access);
    let tokens: Vec<String> =
        (0..2000).map(|user| con.issue(&format!("auth:{user}"), &[]).unwrap().access).collect();
    for token in &tokens {
        program.verify(token).unwrap();
        assert!(program.kept().bytes <= cache.bytes, "{:?}", program.kept());
    }
    let kept = program.kept();
    assert!(kept.entries > 200 && kept.bytes > cache.bytes / 2, "{kept:?}");
    program.learn(tokens.last().unwrap());
    con.get::<()>(&["FLUSHALL"]);
    wait_until("all is dropped", SOON, || program.kept().bytes == 0);
}

#[test]
fn what_redis_cannot_remember_to_tell_is_not_kept() {
    let redis = Redis::with(&["tracking-table-max-keys 10"]);
    let program = Program::of(&redis);
    let mut con = redis.connect();
    let tokens: Vec<String> =
        (0..50).map(|user| con.issue(&format!("auth:{user}"), &[]).unwrap().access).collect();
    program.learn(&tokens[0]);
    for token in &tokens {
        program.verify(token).unwrap();
    }
    wait_until("Redis has said what it forgot", SOON, || program.kept().entries <= 20);
    program.learn(&tokens[49]);
}
