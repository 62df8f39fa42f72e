//! What happens to a running site, while its clients go on: the keys are reloaded, the append-only file is rewritten,
//! Redis restarts, or its replica takes over.

use std::{
    sync::Once,
    thread,
    time::{Duration, Instant},
};

use super::{
    generator,
    log::Log,
    page::{duration, share},
    population::Population,
    site::{self, Site},
    traffic::Mix,
    wire::Requests,
};
use crate::{
    cores::Core,
    support::{AuthCommands, Key, Redis, SOON, Sentinels, http_server::Server, wait_until},
    table,
};

/// Calls per second meanwhile.
pub const RATE: u32 = 5_000;
/// The time before the incident.
const BEFORE: Duration = Duration::from_secs(2);
/// The whole time, in seconds.
const SPAN: u32 = 10;

/// What was done, and how long that took.
struct Done {
    /// When it began.
    began: Instant,
    /// What took how long.
    took: String,
}

/// Has all of them happen, and returns the table. The failover is in [`fail_over`].
pub fn go_through(site: &mut Site, front: &Server) -> Vec<Vec<String>> {
    let head = ["", "how long it took", "503", "last 503 after", "p50", "p99", "longest wait", "logged out"];
    let mut rows = vec![table::row(&head)];
    let Site { redis, population, mix, ring, .. } = site;
    let mut during = |name: &str, incident: &mut (dyn FnMut() -> String + Send)| {
        rows.push(happen(name, front, population, mix, incident));
    };
    during("nothing", &mut || String::new());
    *ring = ring.clone().and(Key::signing("EdDSA", "sig-new")).and(Key::refresh("ref-new"));
    ring.write(&redis.path("keyring.json"));
    during("AUTH.RELOAD with new keys", &mut || reload(redis));
    during("the append-only file is rewritten", &mut || rewrite(redis));
    during("Redis restarts", &mut || restart(redis));
    rows
}

/// Has a replica take over from a primary that is killed, and returns the row of the table, and the site after it.
pub fn fail_over(site: Site) -> Vec<String> {
    let Site { redis, ring, mut population, mut mix, .. } = site;
    let began = Instant::now();
    let mut sentinels = site::on(Core::Any, || {
        let replica = site::builder(&ring).line(&format!("replicaof 127.0.0.1 {}", redis.port())).start();
        replica.wait_until_in_sync();
        println!("The replica was in sync after {:.1} s.", began.elapsed().as_secs_f64());
        Sentinels::watching([redis, replica])
    });
    let front = site::front_of(&sentinels.url());
    let mut incident = || {
        let began = Instant::now();
        sentinels.servers[0].kill();
        sentinels.wait_for_failover(0);
        format!("a new primary after {:.1} s", began.elapsed().as_secs_f64())
    };
    happen(
        "the primary is killed, and its replica takes over",
        &front,
        &mut population,
        &mut mix,
        &mut incident,
    )
}

/// Has something happen under load, and returns the row of the table.
fn happen(
    name: &str,
    front: &Server,
    population: &mut Population,
    mix: &mut Mix,
    incident: &mut (dyn FnMut() -> String + Send),
) -> Vec<String> {
    let begun = Once::new();
    let (log, done) = thread::scope(|scope| {
        let incident = scope.spawn(|| {
            begun.wait();
            thread::sleep(BEFORE);
            let began = Instant::now();
            Done { began, took: incident() }
        });
        // The first call comes when all connections are there, however long that takes.
        let calls = mix.steady(RATE, SPAN).inspect(|_| begun.call_once(|| ()));
        let log = generator::run(&Requests::to(front), population, calls);
        (log, incident.join().expect("it happens"))
    });
    println!("{name}: {}", done.took);
    row(name, &log, &done)
}

fn row(name: &str, log: &Log, done: &Done) -> Vec<String> {
    let at = done.began.saturating_duration_since(log.began).as_secs_f64();
    let last = log.unavailable.iter().map(|time| time - at).fold(0.0, f64::max);
    let last = if last > 0.0 { format!("{last:.1} s") } else { String::new() };
    let mut row = table::row(&[name, &done.took]);
    row.extend([share(log.share_unavailable()), last]);
    row.extend([0.5, 0.99, 1.0].map(|share| duration(log.latency(share), 1)));
    row.push(log.refusals().to_string());
    row
}

fn reload(redis: &Redis) -> String {
    let (mut con, began) = (redis.connect(), Instant::now());
    con.get::<()>(&["AUTH.RELOAD"]);
    format!("{:.1} ms", 1e3 * began.elapsed().as_secs_f64())
}

fn rewrite(redis: &Redis) -> String {
    let (mut con, began) = (redis.connect(), Instant::now());
    con.get::<()>(&["BGREWRITEAOF"]);
    wait_until("the append-only file is rewritten", SOON, || {
        con.get::<String>(&["INFO", "persistence"]).contains("aof_rewrite_in_progress:0")
    });
    format!("{:.1} s", began.elapsed().as_secs_f64())
}

fn restart(redis: &mut Redis) -> String {
    let began = Instant::now();
    site::on(Core::First, || redis.restart());
    let took = began.elapsed().as_secs_f64();
    format!("{took:.1} s, of which {:.1} s to load", last_load(&redis.log()))
}

/// Returns the time, in seconds, that redis-server logged when it last loaded its append-only file.
fn last_load(log: &str) -> f64 {
    let text = log.rsplit_once("DB loaded from append only file: ").expect("it has loaded").1;
    text.split(' ').next().and_then(|seconds| seconds.parse().ok()).expect("seconds")
}
