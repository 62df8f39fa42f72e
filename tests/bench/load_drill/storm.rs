//! The refresh storm: all clients got their access tokens at the same moment, and refresh when these expire.

use super::{
    generator,
    log::Log,
    page::{duration, grouped, share},
    site::{SESSIONS, Site},
    traffic::refresh_wave,
    wire::Requests,
};
use crate::support::{AuthCommands, http_server::Server};

/// `hallpass.access-ttl` with a million sessions, in seconds; with fewer in proportion, so that as many come in a second.
pub const ACCESS_TTL: u32 = 300;
/// `hallpass.access-ttl-jitter`, in percent.
pub const JITTER: u32 = 30;

/// Has all clients refresh twice, without and with jitter, and returns the table.
pub fn blow(site: &mut Site, front: &Server) -> Vec<Vec<String>> {
    let head = [
        "access-ttl-jitter",
        "due in the busiest second",
        "answered in the busiest second",
        "503",
        "p50",
        "p99",
    ];
    let mut rows = vec![head.into_iter().chain(["over after", "logged out"]).map(str::to_owned).collect()];
    let ttl = ACCESS_TTL * site.sessions() / SESSIONS;
    let mut wave = |name: &str, next_ttl: u32, next_jitter: u32| {
        set(site, next_ttl, next_jitter);
        let arrivals = refresh_wave(&site.population.lifetimes()).into_iter();
        rows.push(row(name, &generator::run(&Requests::to(front), &mut site.population, arrivals)));
    };
    wave("0", ttl, JITTER);
    // What comes after verifies access tokens that must not have expired.
    wave(&JITTER.to_string(), 3_600, 0);
    rows
}

/// Gives the next access tokens other lifetimes.
fn set(site: &Site, ttl: u32, jitter: u32) {
    let mut con = site.redis.connect();
    for (name, value) in [("hallpass.access-ttl", ttl), ("hallpass.access-ttl-jitter", jitter)] {
        con.get::<()>(&["CONFIG", "SET", name, &value.to_string()]);
    }
}

fn row(name: &str, log: &Log) -> Vec<String> {
    let (due, answered) = log.busiest_second();
    let mut row = vec![name.to_owned(), grouped(due), grouped(answered), share(log.share_unavailable())];
    row.extend([0.5, 0.99].map(|share| duration(log.latency(share), 1)));
    row.extend([format!("{:.0} s", log.end()), log.refusals().to_string()]);
    row
}
