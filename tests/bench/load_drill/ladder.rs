//! The rates that one core carries: steps upwards until it falls behind.

use super::{
    generator,
    log::Log,
    population::Population,
    traffic::{Arrival, Mix},
    wire::Wire,
};
use crate::table;

/// The rates to try, in calls per second.
const RATES: [u32; 15] = [
    5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000, 60_000, 80_000, 100_000, 120_000, 150_000,
    200_000, 300_000,
];
/// The duration of a step, in seconds.
const SPAN: u32 = 3;
/// A step is carried if this share of its calls was answered within its time,
const KEPT_UP: f64 = 0.97;
/// and 99 of 100 within this many milliseconds.
const SOON_ENOUGH: f64 = 10.0;

/// A process that works, by name, with a clock of the seconds that it has worked.
type Worker<'a> = (&'static str, &'a dyn Fn() -> f64);
/// All of them.
pub type Workers<'a> = [Worker<'a>];

/// Tries one rate after the other, and returns the table. A rate that breaks is tried once more, since something else
/// may have had the core for a moment.
pub fn climb(
    wire: &dyn Wire,
    population: &mut Population,
    mix: &mut Mix,
    workers: &Workers<'_>,
) -> Vec<Vec<String>> {
    let busy = workers.iter().map(|(name, _)| format!("{name} busy"));
    let head = table::row(&["calls per s", "answered per s", "p50", "p99", "503", ""]);
    let mut rows = vec![head.into_iter().chain(busy).collect()];
    for rate in RATES {
        let mut step = || step(wire, population, mix.steady(rate, SPAN), workers);
        let (mut log, mut shares) = step();
        if breaks(&log, rate) {
            (log, shares) = step();
        }
        let breaks = breaks(&log, rate);
        rows.push(row(&log, rate, breaks).into_iter().chain(shares).collect());
        if breaks {
            break;
        }
    }
    rows
}

/// Makes the calls, and returns what became of them, and the share of the time that each process worked.
fn step(
    wire: &dyn Wire,
    population: &mut Population,
    arrivals: impl Iterator<Item = Arrival>,
    workers: &Workers<'_>,
) -> (Log, Vec<String>) {
    let before: Vec<f64> = workers.iter().map(|(_, worked)| worked()).collect();
    let log = generator::run(wire, population, arrivals);
    assert!(log.refused.is_empty(), "refused: {:?}", log.refused);
    let share = |((_, worked), before): (&Worker<'_>, f64)| {
        format!("{:.0} %", 100.0 * (worked() - before) / log.end())
    };
    let shares = workers.iter().zip(before).map(share).collect();
    (log, shares)
}

fn breaks(log: &Log, rate: u32) -> bool {
    log.rate(f64::from(SPAN)) < KEPT_UP * f64::from(rate) || log.latency(0.99) > SOON_ENOUGH
}

fn row(log: &Log, rate: u32, breaks: bool) -> Vec<String> {
    vec![
        rate.to_string(),
        format!("{:.0}", log.rate(f64::from(SPAN))),
        format!("{:.2} ms", log.latency(0.5)),
        format!("{:.2} ms", log.latency(0.99)),
        format!("{:.1} %", 100.0 * log.share_unavailable()),
        if breaks { "breaks" } else { "" }.to_owned(),
    ]
}
