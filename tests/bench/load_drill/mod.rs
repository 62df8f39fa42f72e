//! The load drill, `make load`: what one core carries of a million sessions, where it breaks, and what a restart, a
//! failover, a reload and a refresh storm cost then. It writes docs/bench/load.md.

mod connection;
mod generator;
mod incidents;
mod ladder;
mod log;
mod page;
mod population;
mod site;
mod storm;
mod traffic;
mod wire;

use page::{Section, grouped};
use site::Site;
use wire::{Commands, Requests};

use crate::{cpu, support::http_server::Server, table};

/// Its name on the command line.
pub const NAME: &str = "load";

/// Runs the drill, prints its tables, and writes the document unless the number of sessions was changed.
pub fn run() {
    let mut site = Site::start();
    let mut sections = vec![];
    let mut add = |section: Section| {
        section.print();
        sections.push(section);
    };
    add(login(&site));
    add(commands(&mut site, false));
    add(commands(&mut site, true));
    let front = site.front();
    add(http(&mut site, &front));
    let mut incidents = incidents::go_through(&mut site, &front);
    add(storm(&mut site, &front));
    drop(front);
    let is_whole = site.sessions() == site::SESSIONS;
    incidents.push(incidents::fail_over(site));
    add(during(incidents));
    if is_whole {
        page::write(&sections);
    }
}

fn login(site: &Site) -> Section {
    let rows = vec![
        table::row(&["sessions", "logged in within", "memory per session"]),
        vec![
            grouped(site.sessions()),
            format!("{:.0} s", site.filled_in),
            format!("{:.0} bytes", site.bytes_per_session),
        ],
    ];
    let about = "One session per user, EdDSA, with the persistence of the shipped redis.conf: an append-only file that \
        is synced each second. Redis, and hallpass-server where there is one, share the first core; the load, and \
        nothing else, has the second.";
    Section { title: "Logins", about: about.to_owned(), rows }
}

/// Redis alone, with all sessions in use or a share of them.
fn commands(site: &mut Site, all: bool) -> Section {
    site.mix.in_use = if all { site.sessions() } else { site.sessions() / IN_USE };
    let wire = Commands { socket: site.redis.socket() };
    let worked = || cpu::of_redis(&site.redis);
    let rows = ladder::climb(&wire, &mut site.population, &mut site.mix, &[("Redis", &worked)]);
    let (title, which) = if all {
        ("Commands, all sessions in use", "any session's token, so that hardly any is in the verify cache")
    } else {
        (
            "Commands, one session of twenty in use",
            "the tokens of one session of twenty, which fit into the verify cache",
        )
    };
    let about =
        format!("{MIX} Over 50 connections to a unix socket, {STEPS} AUTH.VERIFY gets {which}. {BREAKS}");
    Section { title, about, rows }
}

fn http(site: &mut Site, front: &Server) -> Section {
    site.mix.in_use = site.sessions() / IN_USE;
    let (redis, server) = (|| cpu::of_redis(&site.redis), || cpu::of_process(front.pid()));
    let workers: &ladder::Workers<'_> = &[("Redis", &redis), ("hallpass-server", &server)];
    let rows = ladder::climb(&Requests::to(front), &mut site.population, &mut site.mix, workers);
    let about = format!(
        "The same mix over HTTP, from a gateway with 2,048 connections: GET /verify, POST /token, POST /sessions and \
         POST /revoke, {STEPS} hallpass-server and Redis share the core, and one session of twenty is in use, whose \
         tokens hallpass-server verifies locally. {BREAKS}"
    );
    Section { title: "HTTP, one session of twenty in use", about, rows }
}

fn during(rows: Vec<Vec<String>>) -> Section {
    let about = format!(
        "{} calls per second of the same mix over HTTP, for ten seconds; after two of them something happens. A client \
         that is told 503 asks again after one to two seconds, and its time counts from its first attempt. The replica \
         may use both cores; its Sentinels wait for one second until they believe that the primary is down.",
        grouped(incidents::RATE)
    );
    Section { title: "What happens to a running site", about, rows }
}

fn storm(site: &mut Site, front: &Server) -> Section {
    let rows = storm::blow(site, front);
    let about = format!(
        "All clients got their access tokens in the same second, with `hallpass.access-ttl {}`, and refresh over HTTP when \
         these expire. A client that is told 503 asks again after one to two seconds, and its time counts from its \
         first attempt.",
        storm::ACCESS_TTL
    );
    Section { title: "The refresh storm", about, rows }
}

/// One session of this many is in use.
const IN_USE: u32 = 20;
const MIX: &str = "80 % AUTH.VERIFY, 15 % AUTH.REFRESH of any session, 2.5 % AUTH.ISSUE, 2.5 % AUTH.REVOKE.";
const STEPS: &str = "three seconds at each rate.";
const BREAKS: &str = "It breaks where the 99th percentile exceeds 10 ms, or fewer than 97 % are answered in time, twice in a row.";
