//! The whole job of a refresh, from the old token to both new ones in the application's hands: with AUTH.REFRESH, the
//! hand-made way, and with a Lua script. The same application in each case: 16 threads, each with a connection of the
//! `redis` crate over a unix socket. Nothing is pinned to a core.

mod hallpass;
mod hand_made;
pub mod lua;
mod signing;

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use crate::{
    commandstats, cpu,
    load::CONNECTIONS,
    report::{
        Report,
        Target::{self, AtLeast, AtMost, Shown},
    },
    stats,
    support::*,
    table,
};

/// The description on the page.
pub const ABOUT: &str = "\
    The whole job of a refresh, from the old token to both new ones in the application's hands. The \
    application has 16 threads with a connection of the `redis` crate each, and signs with jsonwebtoken \
    where AUTH.REFRESH does not sign. (a) and (b) are explained under Ratios.";

const ROUNDS: usize = 15;
const TURN: Duration = Duration::from_millis(300);
const USERS_PER_THREAD: usize = 100;
/// Lifetimes in seconds, the module's defaults.
pub const ACCESS_TTL: u64 = 900;
pub const REFRESH_TTL: u64 = 1_209_600;

/// The tokens that the application gets.
pub struct Pair {
    pub access: String,
    pub refresh: String,
}

/// A way to refresh.
trait Side: Sync {
    /// Begins a session and returns its refresh token.
    fn login(&self, con: &mut Con, user: &str) -> String;
    /// Exchanges a refresh token.
    fn refresh(&self, con: &mut Con, user: &str, token: &str) -> Pair;
}

/// A way with its Redis.
struct Contender {
    name: &'static str,
    /// The command whose time in Redis is reported; empty for several commands.
    command: &'static str,
    redis: Redis,
    side: Box<dyn Side>,
    turns: Vec<Turn>,
}

/// The result of one way in one round.
struct Turn {
    rate: f64,
    /// Processor time of redis-server and application together, in microseconds per refresh.
    processor: f64,
    /// Redis' time for the one command, in microseconds.
    command: f64,
}

/// The targets of one algorithm: throughput against (b) and against (a), processor time, and time in Redis.
struct Targets {
    alg: &'static str,
    lua: Target,
    hand_made: Target,
    processor: Target,
    command: Target,
}

const TARGETS: [Targets; 2] = [
    Targets {
        alg: "EdDSA",
        lua: AtLeast(1.0),
        hand_made: AtLeast(2.0),
        processor: AtMost(0.8),
        command: Shown,
    },
    Targets { alg: "HS256", lua: AtLeast(1.3), hand_made: Shown, processor: Shown, command: AtMost(1.0) },
];

/// Runs the measurement.
pub fn measure() -> Report {
    let mut report = Report::default();
    for targets in TARGETS {
        let mut all = contenders(targets.alg);
        for round in 0..ROUNDS {
            for place in 0..all.len() {
                let index = (place + round) % all.len();
                let turn = turn(&all[index]);
                all[index].turns.push(turn);
            }
        }
        report.table(format!("A refresh in all, {}, {CONNECTIONS} threads", targets.alg), rows(&all));
        add_ratios(&mut report, &targets, &all);
    }
    report
}

fn add_ratios(report: &mut Report, targets: &Targets, [ours, hand_made, lua]: &[Contender; 3]) {
    let alg = targets.alg;
    let what = format!("REFRESH, {alg}, whole job, vs (b) Lua");
    report.ratio(what, ratio(ours, lua, |turn| turn.rate), targets.lua);
    let what = format!("REFRESH, {alg}, whole job, vs (a) hand-made");
    report.ratio(what, ratio(ours, hand_made, |turn| turn.rate), targets.hand_made);
    let what = format!("processor time of all processes per REFRESH, {alg}, vs (b) Lua");
    report.ratio(what, ratio(ours, lua, |turn| turn.processor), targets.processor);
    let what = format!("Redis' own time per REFRESH, {alg}, vs the bare script of (b)");
    report.ratio(what, ratio(ours, lua, |turn| turn.command), targets.command);
}

fn contenders(alg: &str) -> [Contender; 3] {
    let module = Redis::builder().keyring(Keyring::signing_with(alg)).start();
    let [for_hand_made, for_lua] = [(); 2].map(|()| Redis::builder().without_module().start());
    let lua = lua::Lua::new(&mut for_lua.connect(), alg);
    let contender = |name, command, redis, side| Contender { name, command, redis, side, turns: vec![] };
    [
        contender("AUTH.REFRESH", "auth.refresh", module, Box::new(hallpass::Hallpass)),
        contender("(a) hand-made", "", for_hand_made, Box::new(hand_made::HandMade::new(alg))),
        contender("(b) Lua", "evalsha", for_lua, Box::new(lua)),
    ]
}

fn turn(contender: &Contender) -> Turn {
    let Contender { redis, side, command, .. } = contender;
    let mut con = redis.connect();
    con.get::<()>(&["FLUSHALL"]);
    let mut holders = logged_in(redis, side.as_ref());
    con.get::<()>(&["CONFIG", "RESETSTAT"]);
    let used = || cpu::of_process(redis.pid()) + cpu::of_process(std::process::id());
    let (used_before, began, count) = (used(), Instant::now(), AtomicU64::new(0));
    thread::scope(|scope| {
        for holder in &mut holders {
            scope.spawn(|| count.fetch_add(holder.refresh_until(began + TURN, side.as_ref()), Relaxed));
        }
    });
    let (spent, count) = (began.elapsed().as_secs_f64(), count.into_inner() as f64);
    Turn {
        rate: count / spent,
        processor: (used() - used_before) / count * 1e6,
        command: commandstats::usec_per_call(&mut con, command),
    }
}

/// One thread's connection, and its users with their refresh tokens.
struct Holder {
    con: Con,
    tokens: Vec<(String, String)>,
}

fn logged_in(redis: &Redis, side: &dyn Side) -> Vec<Holder> {
    let holder = |thread: usize| {
        let mut con = redis.connect();
        let users = (0..USERS_PER_THREAD).map(|user| format!("{:08}", thread * USERS_PER_THREAD + user));
        let tokens = users.map(|user| (user.clone(), side.login(&mut con, &user))).collect();
        Holder { con, tokens }
    };
    (0..CONNECTIONS).map(holder).collect()
}

impl Holder {
    /// Refreshes one user after the other, and returns the number of refreshes.
    fn refresh_until(&mut self, end: Instant, side: &dyn Side) -> u64 {
        let mut count = 0;
        while Instant::now() < end {
            let index = count % self.tokens.len();
            let (user, token) = &mut self.tokens[index];
            let pair = side.refresh(&mut self.con, user, token);
            assert!(!pair.access.is_empty());
            (*token, count) = (pair.refresh, count + 1);
        }
        count as u64
    }
}

fn rows(all: &[Contender]) -> Vec<Vec<String>> {
    let mut rows = vec![table::row(&["way", "per s", "processor time each", "Redis' command"])];
    for contender in all {
        let median = |value: fn(&Turn) -> f64| stats::median_of(&contender.turns, value);
        let command = median(|turn| turn.command);
        rows.push(vec![
            contender.name.to_owned(),
            format!("{:.0}", median(|turn| turn.rate)),
            format!("{:.1} µs", median(|turn| turn.processor)),
            if command > 0.0 { format!("{command:.1} µs") } else { String::new() },
        ]);
    }
    rows
}

/// Returns the median, over the rounds, of our number divided by theirs in the same round.
fn ratio(ours: &Contender, theirs: &Contender, value: fn(&Turn) -> f64) -> f64 {
    let pairs = ours.turns.iter().zip(&theirs.turns);
    stats::median(&pairs.map(|(ours, theirs)| value(ours) / value(theirs)).collect::<Vec<_>>())
}
