//! What listening costs Redis: CLIENT TRACKING in its default mode, where Redis remembers which keys a client has read, and
//! with BCAST, where every write is pushed to every listener.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use crate::{
    cpu,
    report::{Report, Target::Shown},
    stats,
    support::{AuthCommands, OnDrop, Raw, Redis, Reply},
    table,
};

/// Refreshes in a second.
const REFRESHES: u32 = 1000;
const SPAN: Duration = Duration::from_secs(5);
/// Users who refresh, and users whose tokens each listener has verified.
const USERS: usize = 200;
/// Sessions that are revoked while others refresh, to see how soon that is heard.
const REVOCATIONS: usize = 100;

/// A way to listen.
type Mode = (&'static str, &'static [&'static str]);

const MODES: [Mode; 2] = [
    ("default", &["CLIENT", "TRACKING", "ON"]),
    ("BCAST", &["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "auth:"]),
];

/// Runs the measurement.
pub fn measure() -> Report {
    let mut rows = vec![table::row(&[
        "mode",
        "listeners",
        "Redis, of a core",
        "REFRESH p50",
        "revocation heard p50",
        "p99",
    ])];
    let mut busy = vec![];
    rows.push(row("none", 0, &run(0, &[])));
    for (name, mode) in MODES {
        for listeners in [1, 8] {
            let cost = run(listeners, mode);
            rows.push(row(name, listeners, &cost));
            busy.push(cost.busy);
        }
    }
    let mut report = Report::default();
    report.table(format!("{REFRESHES} refreshes a second of users whose tokens nobody verifies"), rows);
    report.ratio("processor time of Redis with 8 listeners, BCAST vs default", busy[3] / busy[1], Shown);
    report
}

/// What it costs.
struct Cost {
    /// The share of a core that Redis uses.
    busy: f64,
    /// The median time of a refresh, in microseconds.
    refresh: f64,
    /// The times from the answer of a revocation until a listener has read the push, in microseconds.
    heard: Vec<f64>,
}

fn row(mode: &str, listeners: usize, cost: &Cost) -> Vec<String> {
    let heard = |share| {
        if cost.heard.is_empty() {
            String::new()
        } else {
            format!("{:.0} µs", stats::quantile(&cost.heard, share))
        }
    };
    vec![
        mode.to_owned(),
        listeners.to_string(),
        format!("{:.1} %", cost.busy * 100.0),
        format!("{:.0} µs", cost.refresh),
        heard(0.5),
        heard(0.99),
    ]
}

fn run(listeners: usize, mode: &[&str]) -> Cost {
    let redis = Redis::start();
    let mut con = redis.connect();
    let read: Vec<(String, String)> = (0..USERS + REVOCATIONS)
        .map(|user| {
            (
                format!("auth:read-{user}"),
                con.issue(&format!("auth:read-{user}"), &[]).expect("a session").access,
            )
        })
        .collect();
    let listening: Vec<Raw> = (0..listeners).map(|_| listener(&redis, mode, &read)).collect();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _over = OnDrop(&is_over);
        let mut listening = listening.into_iter();
        let first = listening.next();
        for mut raw in listening {
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(SeqCst) {
                    raw.reply_within(Duration::from_millis(100));
                }
            });
        }
        let times = scope.spawn(|| refresh(&redis, &is_over));
        let (before, began) = (cpu::of_redis(&redis), Instant::now());
        let heard = first.map_or(vec![], |raw| revoke(&redis, raw, &read[USERS..]));
        thread::sleep(SPAN.saturating_sub(began.elapsed()));
        let busy = (cpu::of_redis(&redis) - before) / began.elapsed().as_secs_f64();
        is_over.store(true, SeqCst);
        Cost { busy, refresh: stats::median(&times.join().expect("refreshes")), heard }
    })
}

/// A connection that has verified tokens and listens.
fn listener(redis: &Redis, mode: &[&str], read: &[(String, String)]) -> Raw {
    let mut raw = redis.raw().resp3();
    assert!(!raw.call(mode).has_error());
    for (key, token) in read {
        assert!(!raw.call(&["AUTH.VERIFY", key, token]).has_error());
    }
    raw
}

/// Refreshes at its pace, and returns how long each took, in microseconds.
fn refresh(redis: &Redis, is_over: &AtomicBool) -> Vec<f64> {
    let mut con = redis.connect();
    let mut users: Vec<(String, String)> = (0..USERS)
        .map(|user| {
            (
                format!("auth:other-{user}"),
                con.issue(&format!("auth:other-{user}"), &[]).expect("a session").refresh,
            )
        })
        .collect();
    let (began, mut times) = (Instant::now(), vec![]);
    while !is_over.load(SeqCst) {
        let due =
            began + Duration::from_secs(1) * u32::try_from(times.len()).expect("a short run") / REFRESHES;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let index = times.len() % USERS;
        let (key, token) = &mut users[index];
        let sent = Instant::now();
        *token = con.refresh(key, token, &[]).expect("the next one").refresh;
        times.push(sent.elapsed().as_secs_f64() * 1e6);
    }
    times
}

/// Revokes sessions, and returns how long after the answer the listener has read of each.
fn revoke(redis: &Redis, listener: Raw, sessions: &[(String, String)]) -> Vec<f64> {
    let (sender, heard) = std::sync::mpsc::channel();
    let mut raw = listener;
    let mut con = redis.connect();
    let is_over = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || {
            while !is_over.load(SeqCst) {
                if let Some(Reply::Push(push)) = raw.reply_within(Duration::from_millis(100)) {
                    for key in push[1].items() {
                        // Nobody waits for those that refresh.
                        let _ = sender.send((key.text(), Instant::now()));
                    }
                }
            }
        });
        let _over = OnDrop(is_over);
        let time = |(key, _): &(String, String)| {
            con.get::<i64>(&["AUTH.REVOKE", key, "ALL"]);
            let answered = Instant::now();
            let read = heard.iter().find(|(heard, _)| heard == key).expect("a push").1;
            thread::sleep(Duration::from_millis(10));
            read.saturating_duration_since(answered).as_secs_f64() * 1e6
        };
        sessions.iter().map(time).collect()
    })
}
