//! The record of a load: when each call was due and answered.

use std::{collections::BTreeMap, time::Instant};

use crate::stats;

/// What became of the calls. Times are seconds since the beginning.
pub struct Log {
    /// The beginning.
    pub began: Instant,
    /// When each call was due, and when it succeeded.
    pub answered: Vec<(f64, f64)>,
    /// When a 503 came.
    pub unavailable: Vec<f64>,
    /// The first lines of all other answers, and how often they came.
    pub refused: BTreeMap<String, usize>,
}

impl Log {
    /// Begins now.
    pub fn begin() -> Self {
        Self { began: Instant::now(), answered: vec![], unavailable: vec![], refused: BTreeMap::new() }
    }

    /// Returns the time, in milliseconds, from when a call was due to its success, which this share of them did not
    /// exceed.
    pub fn latency(&self, share: f64) -> f64 {
        let times: Vec<f64> = self.answered.iter().map(|(due, at)| 1e3 * (at - due)).collect();
        stats::quantile(&times, share)
    }

    /// Returns the successes per second within the first `span` seconds.
    pub fn rate(&self, span: f64) -> f64 {
        self.answered.iter().filter(|(_, at)| *at <= span).count() as f64 / span
    }

    /// Returns the share (0–1) of 503 among all answers.
    pub fn share_unavailable(&self) -> f64 {
        self.unavailable.len() as f64 / (self.unavailable.len() + self.answered.len()) as f64
    }

    /// Returns the calls that were due, and the successes, in the second that had most of them.
    pub fn busiest_second(&self) -> (u32, u32) {
        (
            most_in_a_second(self.answered.iter().map(|(due, _)| *due)),
            most_in_a_second(self.answered.iter().map(|(_, at)| *at)),
        )
    }

    /// Returns when the last call succeeded.
    pub fn end(&self) -> f64 {
        self.answered.iter().map(|(_, at)| *at).fold(0.0, f64::max)
    }

    /// Returns the number of answers that were neither a success nor 503.
    pub fn refusals(&self) -> usize {
        self.refused.values().sum()
    }
}

/// Returns how many of the times fall into the second that has most of them.
fn most_in_a_second(times: impl Iterator<Item = f64>) -> u32 {
    let mut seconds = BTreeMap::<u64, u32>::new();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "seconds since the beginning"
    )]
    times.for_each(|time| *seconds.entry(time as u64).or_default() += 1);
    seconds.into_values().max().unwrap_or_default()
}
