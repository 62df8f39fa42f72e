//! The wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the time in Unix milliseconds.
pub fn unix_ms() -> u64 {
    ms_of(unix_ns())
}

/// Returns the time in Unix nanoseconds.
pub fn unix_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// Converts nanoseconds to whole milliseconds.
pub fn ms_of(ns: u128) -> u64 {
    u64::try_from(ns / 1_000_000).unwrap_or(u64::MAX)
}
