//! Units of time: settings and options are in seconds, records and the clock in milliseconds.

/// Milliseconds of this many seconds.
pub const fn ms(seconds: u64) -> u64 {
    seconds.saturating_mul(1000)
}

/// Whole seconds of this many milliseconds.
pub const fn seconds(ms: u64) -> u64 {
    ms / 1000
}
