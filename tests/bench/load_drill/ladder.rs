//! The rates that one core carries: steps upwards until it falls behind.

use super::{
    generator,
    log::Log,
    page::{duration, grouped, share},
    population::Population,
    traffic::{Arrival, Mix},
    wire::Wire,
};

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
    let mut head = ["calls per s", "answered per s", "p50", "p99"].map(str::to_owned).to_vec();
    head.extend(wire.says_503().then(|| "503".to_owned()));
    head.push(String::new());
    head.extend(workers.iter().map(|(name, _)| format!("{name} busy")));
    let mut rows = vec![head];
    for rate in RATES {
        let mut step = || step(wire, population, mix.steady(rate, SPAN), workers);
        let (mut log, mut shares) = step();
        if breaks(&log, rate) {
            (log, shares) = step();
        }
        let breaks = breaks(&log, rate);
        let mut row = vec![grouped(rate), grouped(log.rate(f64::from(SPAN)))];
        row.extend([0.5, 0.99].map(|share| duration(log.latency(share), 2)));
        row.extend(wire.says_503().then(|| share(log.share_unavailable())));
        row.push(if breaks { "breaks" } else { "" }.to_owned());
        rows.push(row.into_iter().chain(shares).collect());
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
