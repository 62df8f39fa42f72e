//! Every AUTH command against GET and SET of the same Redis, in the same rounds.
//!
//! GET answers with, and SET gets, a text as long as the answer of AUTH.VERIFY, at keys of the same length. A new token
//! is one that this Redis has not verified before: minted by itself, or by another one with the same keys.

mod cases;
pub mod stage;

use cases::{
    ALL, Case, GET, GET_BY_TOKEN, ISSUE, ISSUE_JSON, REFRESH, REFRESH_JSON, SET, VERIFY_MINTED_ELSEWHERE,
    VERIFY_MINTED_HERE, VERIFY_REPEATED,
};
use stage::{Stage, USERS};

use crate::{
    load::{self, CONNECTIONS, FIRST_CORE, Manner, Transport, Turn},
    report::{
        Report,
        Target::{self, AtLeast, Shown},
    },
    stats, table,
};

/// The description on the page.
pub const ABOUT: &str = "\
    Every AUTH command beside GET and SET of the same Redis, over a unix socket, one command at a time \
    on each of 16 connections. GET returns, and SET stores, a value as long as AUTH.VERIFY's reply. A new \
    token is one that this Redis has not verified before: minted here, or elsewhere with the same keys. \
    Redis has the first core, the load the second.";
pub const ABOUT_ALONE: &str = "\
    The same with a single connection, which waits for each answer: the time that a command adds to a round trip. \
    The 16 connections above keep Redis busy without a pause, so a GET costs it a fraction of that time.";
pub const ABOUT_OTHERS: &str = "\
    The algorithms for verifiers that lack EdDSA, over a unix socket; nothing is pinned to a core.";

const ROUNDS: usize = 5;
/// Rounds of measurements without targets.
const ROUNDS_TO_SHOW: usize = 3;
const ALGS: [&str; 2] = ["EdDSA", "HS256"];

/// A way to send commands, with its name.
struct Way {
    name: &'static str,
    manner: Manner,
    rounds: usize,
}

const UNIX: Way = way("unix socket", Transport::Unix, CONNECTIONS, 1);
const UNIX_16: Way = way("unix socket, pipeline 16", Transport::Unix, CONNECTIONS, 16);
const UNIX_ALONE: Way = way("unix socket, one connection", Transport::Unix, 1, 1);
const TCP: Way = Way { rounds: ROUNDS_TO_SHOW, ..way("TCP", Transport::Tcp, CONNECTIONS, 1) };
const TCP_16: Way =
    Way { rounds: ROUNDS_TO_SHOW, ..way("TCP, pipeline 16", Transport::Tcp, CONNECTIONS, 16) };

const fn way(name: &'static str, transport: Transport, connections: usize, pipeline: usize) -> Way {
    Way { name, manner: Manner { transport, connections, pipeline }, rounds: ROUNDS }
}

/// The most frequent commands.
const OFTEN: [&str; 10] = [
    GET,
    GET_BY_TOKEN,
    SET,
    VERIFY_REPEATED,
    VERIFY_MINTED_HERE,
    VERIFY_MINTED_ELSEWHERE,
    REFRESH,
    REFRESH_JSON,
    ISSUE,
    ISSUE_JSON,
];
/// The commands that depend only on the algorithm.
const SIGNING: [&str; 5] = [GET, SET, VERIFY_REPEATED, VERIFY_MINTED_HERE, ISSUE];

/// The ratios with targets: algorithm, way, case, and target. Without pipelining a single connection counts: with 16
/// that wait at the same time, Redis answers many in each round over its sockets, which is shown beside it. Of new
/// tokens those minted elsewhere count, because they are harder: this Redis cannot have cached them.
const TARGETS: [(&str, Way, &str, Target); 19] = [
    ("EdDSA", UNIX_ALONE, VERIFY_REPEATED, AtLeast(0.90)),
    ("EdDSA", UNIX_ALONE, VERIFY_MINTED_ELSEWHERE, AtLeast(0.60)),
    ("HS256", UNIX_ALONE, REFRESH, AtLeast(0.85)),
    ("HS256", UNIX_ALONE, ISSUE, AtLeast(0.85)),
    ("EdDSA", UNIX_ALONE, REFRESH, AtLeast(0.65)),
    ("EdDSA", UNIX_ALONE, ISSUE, AtLeast(0.65)),
    ("EdDSA", UNIX_ALONE, REFRESH_JSON, Shown),
    ("EdDSA", UNIX_ALONE, ISSUE_JSON, Shown),
    ("EdDSA", UNIX_16, VERIFY_REPEATED, AtLeast(0.60)),
    ("EdDSA", UNIX_16, GET_BY_TOKEN, Shown),
    ("HS256", UNIX_16, VERIFY_MINTED_ELSEWHERE, AtLeast(0.40)),
    ("HS256", UNIX_16, VERIFY_MINTED_HERE, Shown),
    ("EdDSA", UNIX, VERIFY_REPEATED, Shown),
    ("EdDSA", UNIX, VERIFY_MINTED_HERE, Shown),
    ("EdDSA", UNIX, VERIFY_MINTED_ELSEWHERE, Shown),
    ("EdDSA", UNIX, REFRESH, Shown),
    ("EdDSA", UNIX, ISSUE, Shown),
    ("HS256", UNIX, REFRESH, Shown),
    ("HS256", UNIX, ISSUE, Shown),
];

/// All turns of one case in one way: one per round.
struct Line {
    case: &'static Case,
    turns: Vec<Turn>,
}

/// Measures over a unix socket, one command at a time on each connection.
pub fn unix() -> Report {
    measure(UNIX, ALGS.map(pinned), |_| true)
}

/// Measures the same with 16 commands at a time.
pub fn unix_pipelined() -> Report {
    measure(UNIX_16, ALGS.map(pinned), |_| true)
}

/// Measures one connection, which waits for each answer.
pub fn unix_alone() -> Report {
    measure(UNIX_ALONE, ALGS.map(pinned), |case| OFTEN.contains(&case))
}

/// Measures over TCP.
pub fn tcp() -> Report {
    measure(TCP, ALGS.map(pinned), |case| OFTEN.contains(&case))
}

/// Measures the same with 16 commands at a time.
pub fn tcp_pipelined() -> Report {
    measure(TCP_16, ALGS.map(pinned), |case| OFTEN.contains(&case))
}

/// Measures the algorithms for verifiers that lack EdDSA. Signing with RSA takes a millisecond on any core, so there
/// are few users and nothing is pinned.
pub fn other_algorithms() -> Report {
    let stage = |alg| (alg, Stage::new(alg, USERS / 20, &[]));
    measure(UNIX, ["ES256", "RS256", "PS256"].map(stage), |case| SIGNING.contains(&case))
}

/// Runs Redis on a core of its own.
fn pinned(alg: &'static str) -> (&'static str, Stage) {
    (alg, Stage::new(alg, USERS, &[FIRST_CORE]))
}

fn measure<const N: usize>(
    way: Way,
    mut stages: [(&'static str, Stage); N],
    is_asked: fn(&str) -> bool,
) -> Report {
    let chosen = || ALL.iter().filter(|case| is_asked(case.name)).map(|case| Line { case, turns: vec![] });
    let mut lines = [(); N].map(|()| chosen().collect::<Vec<_>>());
    for _ in 0..way.rounds {
        for ((_, stage), lines) in stages.iter_mut().zip(&mut lines) {
            round(stage, way.manner, lines);
        }
    }
    let mut report = Report::default();
    for ((alg, _), lines) in stages.iter().zip(&lines) {
        report.table(format!("{alg}, {}", way.name), rows(lines));
        add_ratios(&mut report, alg, way.name, lines);
    }
    report
}

fn round(stage: &mut Stage, manner: Manner, lines: &mut [Line]) {
    stage.fill();
    for line in lines {
        let requests = line.case.requests(stage);
        line.turns.push(load::run(&stage.redis, manner, &requests));
    }
}

fn rows(lines: &[Line]) -> Vec<Vec<String>> {
    let head = ["command", "per s", "vs GET or SET", "p50", "p99", "Redis busy", "Redis' time each"];
    let mut rows = vec![table::row(&head)];
    for line in lines {
        let median = |value: fn(&Turn) -> f64| stats::median_of(&line.turns, value);
        rows.push(vec![
            line.case.name.to_owned(),
            format!("{:.0}", median(|turn| turn.rate)),
            format!("{:.2} of {}", ratio(lines, line), line.case.against),
            format!("{:.0} µs", median(|turn| turn.p50)),
            format!("{:.0} µs", median(|turn| turn.p99)),
            format!("{:.0} %", 100.0 * median(|turn| turn.busy)),
            format!("{:.2} µs", median(|turn| 1e6 * turn.busy / turn.rate)),
        ]);
    }
    rows
}

/// Returns the median, over the rounds, of this rate divided by the other one in the same round.
fn ratio(lines: &[Line], line: &Line) -> f64 {
    let against = lines.iter().find(|other| other.case.name == line.case.against);
    let pairs = line.turns.iter().zip(&against.expect("it is measured as well").turns);
    stats::median(&pairs.map(|(turn, against)| turn.rate / against.rate).collect::<Vec<_>>())
}

fn add_ratios(report: &mut Report, alg: &str, way: &str, lines: &[Line]) {
    for (_, _, case, target) in TARGETS.iter().filter(|target| target.0 == alg && target.1.name == way) {
        let line = lines.iter().find(|line| line.case.name == *case).expect("it is measured");
        let what = format!("{case}, {alg}, {way}, vs {}", line.case.against);
        report.ratio(what, ratio(lines, line), *target);
    }
}
