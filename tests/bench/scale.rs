//! The cost of a million users with one session each: memory, time in Redis by command, files, and the time to load
//! them. The time of commands should not depend on the number of users.

use std::{fs, path::Path};

use crate::{
    commands::stage::{call_all, encoded, user_key, words},
    commandstats,
    load::{self, Manner, Requests},
    memory,
    report::Report,
    support::*,
    table,
};

/// The description on the page.
pub const ABOUT: &str =
    "The cost of a million users with one session each; times are from Redis' own statistics.";

const SIZES: [usize; 3] = [1, 10_000, 1_000_000];
/// The number of users that commands are sent for, spread over all of them.
const SAMPLES: usize = 1_000;
/// The commands, as in statistics.
const COMMANDS: [&str; 6] =
    ["auth.issue", "auth.verify", "auth.inspect", "auth.refresh", "auth.sessions", "auth.revoke"];

/// The result at one size.
struct Found {
    bytes_per_session: f64,
    microseconds: [f64; COMMANDS.len()],
    files: Files,
}

/// The files on disk.
struct Files {
    rdb_bytes: u64,
    load_seconds: f64,
    /// The growth of the append-only file by one refresh.
    aof_per_refresh: f64,
}

/// Runs the measurement.
pub fn measure() -> Report {
    let found = SIZES.map(at);
    let mut rows = vec![table::row(&["users", "1", "10,000", "1,000,000"])];
    let mut row = |name: &str, cell: &dyn Fn(&Found) -> String| {
        rows.push([name.to_owned()].into_iter().chain(found.iter().map(cell)).collect());
    };
    row("memory per session, remembered tokens included", &|found| {
        format!("{:.0} bytes", found.bytes_per_session)
    });
    for (index, command) in COMMANDS.iter().enumerate() {
        let name = format!("{}, time in Redis", command.to_uppercase());
        row(&name, &|found| format!("{:.1} µs", found.microseconds[index]));
    }
    row("RDB file", &|found| format!("{} bytes", found.files.rdb_bytes));
    row("time to load it", &|found| format!("{:.2} s", found.files.load_seconds));
    row("AOF, each refresh", &|found| format!("{:.0} bytes", found.files.aof_per_refresh));
    let mut report = Report::default();
    report.table("One session per user, EdDSA", rows);
    report
}

fn at(users: usize) -> Found {
    let mut redis = Redis::builder().keyring(Keyring::signing_with("EdDSA")).start();
    // Once in advance, for memory that Redis allocates on first use.
    fill(&redis, 1);
    let before = memory::emptied(&redis);
    fill(&redis, users);
    let bytes_per_session = (memory::settled(&redis) - before) / users as f64;
    let mut con = redis.connect();
    con.get::<()>(&["CONFIG", "RESETSTAT"]);
    ask(&redis, users);
    let microseconds = COMMANDS.map(|command| commandstats::usec_per_call(&mut con, command));
    drop(con);
    Found { bytes_per_session, microseconds, files: files(&mut redis, users) }
}

/// Gives each user a session.
fn fill(redis: &Redis, users: usize) {
    let issue = |user| encoded(&words(&["AUTH.ISSUE", &user_key(user)]));
    let requests = Requests { commands: (0..users).map(issue).collect(), again_for: None };
    load::run(redis, Manner::IN_BULK, &requests);
}

/// Sends each command once for each of some users, spread over all of them.
fn ask(redis: &Redis, users: usize) {
    let mut raw = redis.raw();
    for sample in 0..SAMPLES {
        let key = user_key(sampled(sample, users));
        let mut call = |command: &[&str]| {
            let reply = raw.call(&[&[command[0], &key], &command[1..]].concat());
            assert!(!reply.has_error(), "{reply:?}");
            reply
        };
        let issued = call(&["AUTH.ISSUE"]);
        let text = |name: &str| issued.member(name).text();
        let (access, refresh) = (text("access_token"), text("refresh_token"));
        call(&["AUTH.VERIFY", &access]);
        call(&["AUTH.INSPECT", &refresh]);
        call(&["AUTH.REFRESH", &refresh]);
        call(&["AUTH.SESSIONS"]);
        call(&["AUTH.REVOKE", "SESSION", &text("session_id")]);
    }
}

/// Returns the user of a sample, far from the previous one.
fn sampled(sample: usize, users: usize) -> usize {
    sample * 7_919 % users
}

fn files(redis: &mut Redis, users: usize) -> Files {
    redis.connect().get::<()>(&["SAVE"]);
    let rdb_bytes = fs::metadata(redis.path("dump.rdb")).expect("a file").len();
    redis.restart();
    let load_seconds = last_load(&redis.log());
    Files { rdb_bytes, load_seconds, aof_per_refresh: aof_per_refresh(redis, users) }
}

/// Returns the time that redis-server logged when it last loaded its data.
fn last_load(log: &str) -> f64 {
    let text = log.rsplit_once("DB loaded from disk: ").expect("it has loaded").1;
    text.split(' ').next().and_then(|seconds| seconds.parse().ok()).expect("seconds")
}

/// Returns the growth of the append-only file by one refresh.
fn aof_per_refresh(redis: &Redis, users: usize) -> f64 {
    let mut con = redis.connect();
    let issued = call_all(
        &mut redis.raw(),
        (0..SAMPLES.min(users)).map(|sample| words(&["AUTH.ISSUE", &user_key(sampled(sample, users))])),
    );
    con.get::<()>(&["CONFIG", "SET", "appendonly", "yes"]);
    wait_until("the append-only file is begun", SOON, || {
        let text: String = con.get(&["INFO", "persistence"]);
        text.contains("aof_rewrite_in_progress:0") && text.contains("aof_rewrite_scheduled:0")
    });
    let directory = redis.path("appendonlydir");
    let before = bytes_in(&directory);
    let refresh = |(sample, reply): (usize, &Reply)| {
        words(&["AUTH.REFRESH", &user_key(sampled(sample, users)), &reply.member("refresh_token").text()])
    };
    call_all(&mut redis.raw(), issued.iter().enumerate().map(refresh));
    (bytes_in(&directory) - before) as f64 / issued.len() as f64
}

fn bytes_in(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).expect("a directory");
    entries.map(|entry| entry.and_then(|entry| entry.metadata()).map_or(0, |data| data.len())).sum()
}
