//! Memory per session: the whole growth of Redis, keys, expiries and hash tables included, divided by the sessions.
//!
//! Keys are 13 characters long (`auth:00000042`). `verify-cache-bytes` is 0, since the cache has a limit of its own;
//! `hash-max-listpack-value` is 1024 as in the shipped redis.conf, which matters from 65 bytes on.

use crate::{
    commands::stage::{call_all, encoded, user_key, words},
    load::{self, Manner, Requests},
    report::{Report, Target, Target::AtMost},
    support::*,
    table,
};

/// The description on the page.
pub const ABOUT: &str = "\
    The growth of Redis, divided by the sessions: keys of 13 characters, expiries and hash tables \
    included, with `verify-cache-bytes 0` and `hash-max-listpack-value 1024`.";

const USERS: usize = 100_000;
/// A short user agent, and one as long as browsers send.
const SHORT_META: &str = r#"{"ua":"Firefox/140.0 (X11; Linux x86_64; rv:140)"}"#;
const LONG_META: &str =
    r#"{"ua":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","city":"Berlin"}"#;
/// The kinds of sessions: name, options of AUTH.ISSUE, sessions per user, and target.
const FILLS: [(&str, &[&str], usize, Target); 5] = [
    ("plain", &[], 10, AtMost(110.0)),
    ("plain", &[], 1, AtMost(215.0)),
    ("with class and short user agent", &["CLASS", "web", "META", SHORT_META], 10, AtMost(170.0)),
    ("with class and short user agent", &["CLASS", "web", "META", SHORT_META], 1, AtMost(285.0)),
    ("with class, user agent and city", &["CLASS", "web", "META", LONG_META], 1, Target::Shown),
];
/// For the growth by rotation: users with ten sessions each, and the number of rotations of each session.
const ROTATING_USERS: usize = 40;
const ROTATIONS: usize = 1_000;

/// Runs the measurement.
pub fn measure() -> Report {
    let redis =
        Redis::builder().keyring(Keyring::signing_with("HS256")).line("hallpass.verify-cache-bytes 0");
    let redis = redis.start();
    let mut report = Report::default();
    let mut rows = vec![table::row(&["sessions", "per user", "in all", "record", "bytes per session"])];
    for (name, options, per_user, target) in FILLS {
        let bytes = growth_by_issuing(&redis, options, per_user);
        let (sessions, record) = (USERS * per_user, record_len(&redis));
        let numbers =
            [per_user.to_string(), sessions.to_string(), format!("{record} bytes"), format!("{bytes:.0}")];
        rows.push([name.to_owned()].into_iter().chain(numbers).collect());
        report.ratio(format!("bytes per session, {name}, {per_user} per user"), bytes, target);
    }
    report.table(format!("Memory with {USERS} users"), rows);
    let growth = growth_by_rotation(&redis);
    report.ratio(format!("bytes that a session grows by in {ROTATIONS} rotations"), growth, AtMost(0.0));
    report
}

/// Returns the growth of Redis per session.
fn growth_by_issuing(redis: &Redis, options: &[&str], per_user: usize) -> f64 {
    let before = emptied(redis);
    let issue = |user| encoded(&words(&[&["AUTH.ISSUE", &user_key(user)], options].concat()));
    let requests = Requests { commands: (0..USERS).map(issue).collect(), again_for: None };
    for _ in 0..per_user {
        load::run(redis, Manner::IN_BULK, &requests);
    }
    (settled(redis) - before) / (USERS * per_user) as f64
}

/// Returns the memory in use without any session.
pub fn emptied(redis: &Redis) -> f64 {
    redis.connect().get::<()>(&["FLUSHALL"]);
    settled(redis)
}

/// Returns the memory in use after hash tables have reached their final size and buffers of closed connections are
/// freed.
pub fn settled(redis: &Redis) -> f64 {
    let mut con = redis.connect();
    let mut last = (0, 0);
    wait_for("memory settles", SOON, || {
        let text: String = con.get(&["INFO", "memory"]);
        let line = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
        let used: u64 = line.expect("the field").parse().expect("a number");
        last = if used == last.0 { (used, last.1 + 1) } else { (used, 0) };
        // Stable for a second, since rehashing goes on in steps.
        (last.1 >= 100).then_some(used as f64)
    })
}

/// Returns the length of a record as stored.
fn record_len(redis: &Redis) -> usize {
    let records = redis.connect().records(&user_key(0));
    records.values().next().expect("a session").len()
}

/// Returns the growth of a session by its rotations, in bytes.
fn growth_by_rotation(redis: &Redis) -> f64 {
    emptied(redis);
    let keys: Vec<String> =
        (0..10 * ROTATING_USERS).map(|session| user_key(session % ROTATING_USERS)).collect();
    let issue = |key: &String| words(&["AUTH.ISSUE", key]);
    let mut tokens = call_all(&mut redis.raw(), keys.iter().map(issue));
    let mut rotate = |times: usize| {
        let mut raw = redis.raw();
        for _ in 0..times {
            let pairs = keys.iter().zip(&tokens);
            let refresh = |(key, token): (&String, &Reply)| {
                words(&["AUTH.REFRESH", key, &token.member("refresh_token").text()])
            };
            tokens = call_all(&mut raw, pairs.map(refresh));
        }
    };
    // The first call allocates Redis' statistics of each command.
    rotate(1);
    let before = settled(redis);
    rotate(ROTATIONS);
    // In whole bytes: changes of Redis' own statistics do not count.
    ((settled(redis) - before) / keys.len() as f64).round()
}
