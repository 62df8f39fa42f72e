//! Local verification: how fast a token is verified in the process that asks, what it takes to keep it, how soon a revocation
//! counts elsewhere, and what listening costs.

mod fronts;
mod in_process;
mod modes;

use crate::report::Report;

/// The description on the page.
pub const ABOUT: &str = "\
    Verifying a token again without asking Redis, in one thread of a Rust program; the memory that this \
    takes; and the time from the answer of a revocation at one hallpass-server to the first 401 at \
    another one, which is asked all the time. Each front serves 500 requests a second besides.";

/// Runs the measurement.
pub fn measure() -> Report {
    let mut report = Report::default();
    in_process::measure(&mut report);
    fronts::measure(&mut report);
    report
}

/// The description of the other measurement on the page.
pub const ABOUT_MODES: &str = "\
    The two modes of CLIENT TRACKING, with 1,000 refreshes a second of users whose tokens nobody verifies \
    here: what they cost Redis with 1 and 8 listeners.";

/// Runs it.
pub fn measure_modes() -> Report {
    modes::measure()
}
