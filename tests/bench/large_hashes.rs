//! The time for which commands keep Redis busy when a user has 1, 100 and 10,000 sessions in the hash.
//!
//! Times are Redis' own (INFO commandstats), without clients and sockets. No command may take more than a few
//! milliseconds, because nothing else is served meanwhile.

use crate::{commandstats, report::Report, stats, support::*, table};

/// The description on the page.
pub const ABOUT: &str =
    "How long commands keep Redis busy when one user has this many sessions, by Redis' own statistics.";

const SIZES: [usize; 3] = [1, 100, 10_000];
const ROUNDS: usize = 5;
/// The hash that every command gets a copy of.
const SOURCE: &str = "auth:source";
const META: &str =
    r#"{"ua":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","city":"Berlin"}"#;
const CLAIMS: &str = r#"{"role":"admin","scope":"read write"}"#;

/// A measured command: its name in the table, and its arguments after the key.
type Case = (&'static str, fn(&Tokens) -> Vec<String>);

const CASES: [Case; 14] = [
    ("HGETALL, for comparison", |_| words(&["HGETALL"])),
    ("AUTH.VERIFY", |tokens| words(&["AUTH.VERIFY", &tokens.access])),
    ("AUTH.REFRESH", |tokens| words(&["AUTH.REFRESH", &tokens.refresh])),
    ("AUTH.INSPECT", |tokens| words(&["AUTH.INSPECT", &tokens.refresh])),
    ("AUTH.ISSUE", |_| words(&["AUTH.ISSUE", "META", META, "CLAIMS", CLAIMS])),
    ("AUTH.ISSUE … LIMIT 10000", |_| words(&["AUTH.ISSUE", "LIMIT", "10000"])),
    ("AUTH.ISSUE … LIMIT 1", |_| words(&["AUTH.ISSUE", "LIMIT", "1"])),
    ("AUTH.SESSIONS", |_| words(&["AUTH.SESSIONS"])),
    ("AUTH.SESSIONS … WITHCLAIMS COUNT 1000", |_| words(&["AUTH.SESSIONS", "WITHCLAIMS", "COUNT", "1000"])),
    ("AUTH.SETCLAIMS … sid", |tokens| words(&["AUTH.SETCLAIMS", &tokens.session_id, CLAIMS])),
    ("AUTH.SETCLAIMS … ALL", |_| words(&["AUTH.SETCLAIMS", "ALL", CLAIMS])),
    ("AUTH.REVOKE … SESSION", |tokens| words(&["AUTH.REVOKE", "SESSION", &tokens.session_id])),
    ("AUTH.REVOKE … ALL EXCEPT", |tokens| words(&["AUTH.REVOKE", "ALL", "EXCEPT", &tokens.session_id])),
    ("AUTH.REVOKE … ALL", |_| words(&["AUTH.REVOKE", "ALL"])),
];

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Runs the measurement.
pub fn measure() -> Report {
    // The default limit does not apply: commands set their own where it matters.
    let redis = Redis::with(&["hallpass.session-limit 0"]);
    let mut con = redis.connect();
    let mut times = vec![[const { vec![] }; SIZES.len()]; CASES.len()];
    for (column, size) in SIZES.into_iter().enumerate() {
        let tokens = fill(&mut con, size);
        for _ in 0..ROUNDS {
            for (row, (_, arguments)) in CASES.iter().enumerate() {
                times[row][column].push(time(&mut con, &arguments(&tokens)));
            }
        }
    }
    let mut rows = vec![table::row(&["sessions in the hash", "1", "100", "10,000"])];
    for ((name, _), times) in CASES.iter().zip(&times) {
        let cell = |samples: &Vec<f64>| format!("{:.0} µs", stats::median(samples));
        rows.push([name.to_string()].into_iter().chain(times.iter().map(cell)).collect());
    }
    let mut report = Report::default();
    report.table("Time in Redis", rows);
    report
}

/// Makes the source hash and returns the tokens of its last session.
fn fill(con: &mut Con, size: usize) -> Tokens {
    con.get::<()>(&["FLUSHALL"]);
    let mut issue = || con.issue(SOURCE, &["CLASS", "web", "META", META, "CLAIMS", CLAIMS]).expect("tokens");
    (1..size).for_each(|_| drop(issue()));
    issue()
}

/// Returns the time that Redis spends on one command, whose key is the second argument, with a fresh copy of the
/// source.
fn time(con: &mut Con, arguments: &[String]) -> f64 {
    let saved: Vec<u8> = con.get(&["DUMP", SOURCE]);
    let expiry = con.expires_at(SOURCE).to_string();
    con.get::<()>(&["CONFIG", "RESETSTAT"]);
    let (name, rest) = arguments.split_first().expect("a command");
    let all = [&[name.as_str(), SOURCE][..], &rest.iter().map(String::as_str).collect::<Vec<_>>()].concat();
    con.run(&all).expect("an answer");
    let spent = commandstats::usec_per_call(con, name);
    let again: [&[u8]; 6] = [b"RESTORE", SOURCE.as_bytes(), expiry.as_bytes(), &saved, b"REPLACE", b"ABSTTL"];
    con.run(&again).expect("the source again");
    spent
}
