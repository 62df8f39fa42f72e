//! Answers by class. All classes are there from zero on, so that a share can be computed from the first answer: Prometheus sees
//! no growth in a series that begins with it.

use super::text::Text;
use axum::http::StatusCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// The classes. 503 is one of its own: it says nothing about a caller or this server, but about Redis or too much work.
const CLASSES: [&str; 5] = ["2xx", "3xx", "4xx", "503", "5xx"];

/// The number of answers of each class.
#[derive(Default)]
pub struct Answers([AtomicU64; CLASSES.len()]);

impl Answers {
    /// Counts an answer.
    pub fn count(&self, status: StatusCode) {
        self.0[class(status)].fetch_add(1, Ordering::Relaxed);
    }

    /// Appends the counters.
    pub fn render(&self, text: &mut Text) {
        const NAME: &str = "hallpass_http_answers_total";
        text.family(NAME, "counter", "Answers by class of their status; 503 is one of its own.");
        for (class, count) in CLASSES.iter().zip(&self.0) {
            text.sample(NAME, &[("class", class)], count.load(Ordering::Relaxed));
        }
    }
}

/// Returns the index of the class of a status.
fn class(status: StatusCode) -> usize {
    match status.as_u16() {
        503 => 3,
        500.. => 4,
        400.. => 2,
        300.. => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_begins_at_zero() {
        let answers = Answers::default();
        for code in [200, 204, 304, 429, 503, 500, 504] {
            answers.count(StatusCode::from_u16(code).expect("a status"));
        }
        let render = |answers: &Answers| {
            let mut text = Text::default();
            answers.render(&mut text);
            let text = text.into_string();
            let lines = text.lines().skip(2).map(|line| line.rsplit(' ').next().unwrap_or("").to_owned());
            lines.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(render(&Answers::default()), "0 0 0 0 0");
        assert_eq!(render(&answers), "2 1 1 1 2");
    }
}
