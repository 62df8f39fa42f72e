//! Waits for a condition, always with a name and a deadline.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Long enough for anything that should happen at once, even on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);

/// Calls `probe` until it returns a value; panics with `what` at the deadline.
pub fn wait_for<T>(what: &str, deadline: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(started.elapsed() < deadline, "waited {deadline:?} in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Calls `probe` until it returns true; panics with `what` at the deadline.
pub fn wait_until(what: &str, deadline: Duration, mut probe: impl FnMut() -> bool) {
    wait_for(what, deadline, || probe().then_some(()));
}
