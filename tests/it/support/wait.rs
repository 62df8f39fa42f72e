//! Waiting for something to become true: always with a name and a deadline.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Long enough for anything that should happen at once, also on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);

/// Asks `probe` until it gives a value; panics with `what` when the deadline passes first.
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

/// Asks `probe` until it says yes; panics with `what` when the deadline passes first.
pub fn wait_until(what: &str, deadline: Duration, mut probe: impl FnMut() -> bool) {
    wait_for(what, deadline, || probe().then_some(()));
}
