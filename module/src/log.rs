//! The one way to the server's log. Redis' log function takes a format string: here the text is always an argument.

use crate::ffi;
use std::sync::atomic::{AtomicU64, Ordering};

/// Something an operator should look at.
pub fn warning(text: &str) {
    ffi::log(c"warning", text);
}

/// Something worth a line.
pub fn notice(text: &str) {
    ffi::log(c"notice", text);
}

/// A warning that is repeated at most once a minute. `last` keeps the time (Unix ms) of the last one.
pub fn warning_once_a_minute(last: &AtomicU64, now: u64, text: &str) {
    let before = last.load(Ordering::Relaxed);
    if before == 0 || now.abs_diff(before) >= 60_000 {
        last.store(now, Ordering::Relaxed);
        warning(text);
    }
}
