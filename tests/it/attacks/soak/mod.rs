//! A soak test: several connections send valid, damaged, random and forged commands and requests at once, to real
//! servers.
//!
//! The ordinary run is short and always has the same seed. `make soak` sets `SOAK_MINUTES`; each run has a new seed,
//! which is printed. With `SOAK_SEED`, each connection draws the same numbers again.

mod bystanders;
mod commands;
mod http_attacker;
mod random;
mod redis_attacker;

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bystanders::Bystanders;
use http_attacker::HttpAttacker;
use redis_attacker::RedisAttacker;

use crate::support::{
    http_server::{ISSUER, Server},
    *,
};

/// More than the module's own memory, and far less than a leak would need in minutes.
const GROWTH_MIB: u64 = 24;

/// Seen to fail with the MAC of refresh tokens and the signature of access tokens unchecked, with keys that were given
/// no expiry, with a panic while arguments are read, and with 16 KiB lost at each command.
#[test]
fn whatever_is_sent_nobody_gets_in_and_bystanders_are_not_touched() {
    let minutes = number("SOAK_MINUTES");
    let seed = number("SOAK_SEED").unwrap_or_else(|| minutes.map_or(1, |_| now()));
    println!("SOAK_SEED={seed}");
    let issuer = format!("hallpass.issuer {ISSUER}");
    let redis = Redis::with(&[&issuer, "hallpass.verify-cache-bytes 1048576"]);
    let server = Server::before(&redis, &["--rate-limit", "0"]);
    let mut con = redis.connect();
    let bystanders = Bystanders::log_in(&mut con);
    let (run_id, memory) = (con.run_id(), used_memory(&mut con));

    attack(&redis, &server, &bystanders, seed, minutes);

    assert_eq!(con.run_id(), run_id);
    assert!(!redis.log().contains("internal error"), "{}", redis.log());
    assert!(!server.log().contains("panicked"), "{}", server.log());
    bystanders.unharmed(&mut con, &server);
    every_key_of_ours_expires(&mut con);
    memory_is_bounded(&mut con, memory);
}

/// Attacks with four connections to Redis and two to the server, for a fixed number of steps or some minutes.
fn attack(redis: &Redis, server: &Server, bystanders: &Bystanders, seed: u64, minutes: Option<u64>) {
    let (commands, requests) = (AtomicU64::new(0), AtomicU64::new(0));
    let end = minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    thread::scope(|scope| {
        for number in 0..4 {
            let mut attacker = RedisAttacker::new(redis.socket(), bystanders, seed, number);
            let count = &commands;
            scope.spawn(move || repeat(end, 1500, count, || attacker.step()));
        }
        for number in 0..2 {
            let mut attacker = HttpAttacker::new(server, bystanders, seed, number);
            let count = &requests;
            scope.spawn(move || repeat(end, 150, count, || attacker.step()));
        }
    });
    println!("{} steps on Redis, {} requests over HTTP", commands.into_inner(), requests.into_inner());
}

fn repeat(end: Option<Instant>, steps: u64, count: &AtomicU64, mut step: impl FnMut()) {
    let goes_on = |done| end.map_or(done < steps, |end| Instant::now() < end);
    let mut done = 0;
    while goes_on(done) {
        step();
        done += 1;
    }
    count.fetch_add(done, Ordering::Relaxed);
}

/// Asserts that every key has an expiry, except the keys of foreign commands.
fn every_key_of_ours_expires(con: &mut Con) {
    let is_mess = |key: &[u8]| commands::MESS.iter().any(|mess| mess.as_bytes() == key);
    let keys: Vec<Vec<u8>> = con.get(&["KEYS", "*"]);
    for key in keys.iter().filter(|key| !is_mess(key)) {
        let expires_at = con.run(&[&b"PEXPIRETIME"[..], key]).unwrap();
        assert_ne!(expires_at, redis::Value::Int(-1), "{} never expires", key.escape_ascii());
    }
}

/// Asserts that the memory left after the keys are gone is bounded: it is the module's own.
fn memory_is_bounded(con: &mut Con, before: u64) {
    con.run(&["FLUSHALL", "SYNC"]).unwrap();
    con.run(&["SCRIPT", "FLUSH", "SYNC"]).unwrap();
    let grown = used_memory(con).saturating_sub(before) >> 20;
    assert!(grown <= GROWTH_MIB, "redis-server has grown by {grown} MiB");
}

fn used_memory(con: &mut Con) -> u64 {
    let text: String = con.get(&["INFO", "memory"]);
    let used = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
    used.unwrap().trim().parse().unwrap()
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
