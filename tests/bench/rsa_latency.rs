//! The effect of RSA on other clients: the latency of GETs while 50 connections issue as fast as they can, with RS256
//! and EdDSA, and without any load. Target: the 99th percentile with RS256 is at most twice that with EdDSA.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    report::{Report, Target},
    stats,
    support::*,
    table,
};

/// The description on the page.
pub const ABOUT: &str = "\
    The latency of GETs, one at a time, while 50 other connections issue as fast as they can. Where nothing issues, the \
    cores sleep between two GETs, and waking them takes longer than a GET; with RS256 the signing threads keep them awake.";

/// The sides: the algorithm, and the number of connections that issue.
const SIDES: [(&str, usize); 3] = [("EdDSA", 50), ("RS256", 50), ("EdDSA", 0)];
const ROUNDS: usize = 5;
/// The duration of a side's turn in a round.
const TURN: Duration = Duration::from_secs(3);

/// One side in one round.
struct Turn {
    p50: f64,
    p99: f64,
    issued_per_second: f64,
}

/// Runs the measurement.
pub fn measure() -> Report {
    let servers = SIDES.map(|(alg, _)| Redis::builder().keyring(Keyring::generated(alg)).start());
    let mut turns = [vec![], vec![], vec![]];
    for round in 0..ROUNDS {
        // The order changes, so that no side always has the warmer machine.
        for side in (0..SIDES.len()).map(|side| (side + round) % SIDES.len()) {
            turns[side].push(turn(&servers[side], SIDES[side].1));
        }
    }
    let mut rows = vec![table::row(&["connections that issue", "p50 of GET", "p99 of GET", "issued per s"])];
    for ((alg, connections), turns) in SIDES.iter().zip(&turns) {
        let median = |value: fn(&Turn) -> f64| stats::median_of(turns, value);
        rows.push(vec![
            format!("{connections} with {alg}"),
            format!("{:.0} µs", median(|turn| turn.p50)),
            format!("{:.0} µs", median(|turn| turn.p99)),
            format!("{:.0}", median(|turn| turn.issued_per_second)),
        ]);
    }
    let mut report = Report::default();
    report.table("The effect on other clients", rows);
    let [eddsa, rsa, _] = &turns;
    let ratios: Vec<f64> = rsa.iter().zip(eddsa).map(|(rsa, eddsa)| rsa.p99 / eddsa.p99).collect();
    let what = "p99 of other clients' GET while RS256 issues at full speed, vs EdDSA";
    report.ratio(what, stats::median(&ratios), Target::AtMost(2.0));
    report
}

/// Issues on this many connections while one more sends GETs, one at a time.
fn turn(redis: &Redis, connections: usize) -> Turn {
    let mut con = redis.connect();
    con.get::<()>(&["FLUSHALL"]);
    let before = con.counter("issued");
    let (is_over, barrier) = (AtomicBool::new(false), Barrier::new(connections + 1));
    let samples = thread::scope(|scope| {
        for connection in 0..connections {
            let (is_over, barrier) = (&is_over, &barrier);
            scope.spawn(move || issue_until(is_over, barrier, redis.raw(), connection));
        }
        barrier.wait();
        let samples = time_gets(redis);
        is_over.store(true, Relaxed);
        samples
    });
    Turn {
        p50: stats::quantile(&samples, 0.5),
        p99: stats::quantile(&samples, 0.99),
        issued_per_second: (con.counter("issued") - before) as f64 / TURN.as_secs_f64(),
    }
}

fn issue_until(is_over: &AtomicBool, barrier: &Barrier, mut raw: Raw, connection: usize) {
    barrier.wait();
    let mut user = 0_u64;
    while !is_over.load(Relaxed) {
        let reply = raw.call(&["AUTH.ISSUE", &format!("auth:{connection}-{user}")]);
        assert!(!reply.has_error(), "{reply:?}");
        user += 1;
    }
}

/// Returns the time of each GET, in microseconds.
fn time_gets(redis: &Redis) -> Vec<f64> {
    let mut raw = redis.raw();
    let (began, mut samples) = (Instant::now(), vec![]);
    while began.elapsed() < TURN {
        let sent = Instant::now();
        raw.call(&["GET", "x"]);
        samples.push(sent.elapsed().as_secs_f64() * 1e6);
    }
    samples
}
