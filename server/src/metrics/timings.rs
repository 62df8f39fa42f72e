//! Durations: a histogram for each combination of label values.

use super::text::Text;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The upper bounds of the buckets in seconds; one more bucket has none.
const BOUNDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The histograms by label values.
pub struct Timings<const N: usize> {
    labels: [&'static str; N],
    /// Sorted by the hash of the label values, which is faster to compare than the values.
    series: Mutex<Vec<Series<N>>>,
}

/// The histogram of one combination of label values.
struct Series<const N: usize> {
    hash: u64,
    values: [String; N],
    histogram: Histogram,
}

/// The number of durations in each bucket.
#[derive(Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: Duration,
}

impl<const N: usize> Timings<N> {
    /// Creates no histograms yet, with these labels.
    pub fn new(labels: [&'static str; N]) -> Self {
        Self { labels, series: Mutex::default() }
    }

    /// Adds one duration to the series of these label values.
    pub fn observe(&self, values: [&str; N], elapsed: Duration) {
        let hash = hash(&values);
        let mut series = self.series();
        let place = series.binary_search_by(|one| {
            one.hash.cmp(&hash).then_with(|| one.values.iter().map(String::as_str).cmp(values))
        });
        let index = place.unwrap_or_else(|index| {
            let values = values.map(str::to_owned);
            series.insert(index, Series { hash, values, histogram: Histogram::default() });
            index
        });
        series[index].histogram.add(elapsed);
    }

    /// Appends all histograms.
    pub fn render(&self, text: &mut Text, name: &str, help: &str) {
        text.family(name, "histogram", help);
        let (bucket, sum, count) = (format!("{name}_bucket"), format!("{name}_sum"), format!("{name}_count"));
        for Series { values, histogram, .. } in sorted(&self.series()) {
            let labels = self.labelled(values);
            let mut below = 0;
            for (bound, number) in BOUNDS.iter().zip(histogram.buckets) {
                below += number;
                text.sample(&bucket, &with_bound(&labels, &bound.to_string()), below);
            }
            text.sample(&bucket, &with_bound(&labels, "+Inf"), histogram.count);
            text.sample(&sum, &labels, histogram.sum.as_secs_f64());
            text.sample(&count, &labels, histogram.count);
        }
    }

    /// Appends only their counts.
    pub fn render_counts(&self, text: &mut Text, name: &str, help: &str) {
        text.family(name, "counter", help);
        for Series { values, histogram, .. } in sorted(&self.series()) {
            text.sample(name, &self.labelled(values), histogram.count);
        }
    }

    fn labelled<'a>(&'a self, values: &'a [String; N]) -> Vec<(&'a str, &'a str)> {
        self.labels.iter().copied().zip(values.iter().map(String::as_str)).collect()
    }

    fn series(&self) -> MutexGuard<'_, Vec<Series<N>>> {
        // A panic may have left an observation half counted, which does no harm.
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Histogram {
    fn add(&mut self, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        // Buckets are counted separately here, and accumulated when they are rendered.
        if let Some(index) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            self.buckets[index] += 1;
        }
        self.count += 1;
        self.sum += elapsed;
    }
}

/// Hashes label values. There are few of them and no caller chooses them, so the hash need not be keyed.
fn hash(values: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    values.hash(&mut hasher);
    hasher.finish()
}

/// Returns the series in the order of their label values.
fn sorted<const N: usize>(series: &[Series<N>]) -> Vec<&Series<N>> {
    let mut sorted: Vec<_> = series.iter().collect();
    sorted.sort_unstable_by_key(|one| &one.values);
    sorted
}

fn with_bound<'a>(labels: &[(&'a str, &'a str)], bound: &'a str) -> Vec<(&'a str, &'a str)> {
    [labels, &[("le", bound)]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_kept_apart_and_in_order() {
        let timings = Timings::new(["route", "status"]);
        for values in [["/b", "200"], ["/a", "500"], ["/b", "200"], ["/a", "200"], ["/", "/a"]] {
            timings.observe(values, Duration::ZERO);
        }
        let mut text = Text::default();
        timings.render_counts(&mut text, "n", "Help.");
        let text = text.into_string();
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("n{")).collect();
        assert_eq!(
            lines,
            [
                r#"n{route="/",status="/a"} 1"#,
                r#"n{route="/a",status="200"} 1"#,
                r#"n{route="/a",status="500"} 1"#,
                r#"n{route="/b",status="200"} 2"#,
            ]
        );
    }

    #[test]
    fn buckets_are_cumulative_and_the_last_has_no_bound() {
        let timings = Timings::new(["command"]);
        for millis in [1, 3, 3, 60_000] {
            timings.observe(["PING"], Duration::from_millis(millis));
        }
        let mut text = Text::default();
        timings.render(&mut text, "t", "Help.");
        timings.render_counts(&mut text, "n", "Help.");
        let text = text.into_string();
        for line in [
            r#"t_bucket{command="PING",le="0.0005"} 0"#,
            r#"t_bucket{command="PING",le="0.001"} 1"#,
            r#"t_bucket{command="PING",le="0.005"} 3"#,
            r#"t_bucket{command="PING",le="10"} 3"#,
            r#"t_bucket{command="PING",le="+Inf"} 4"#,
            r#"t_sum{command="PING"} 60.007"#,
            r#"t_count{command="PING"} 4"#,
            r#"n{command="PING"} 4"#,
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line}: {text}");
        }
    }
}
