//! Units of time: settings and options are in seconds, records and the clock in milliseconds.

/// Converts seconds to milliseconds.
pub const fn ms(seconds: u64) -> u64 {
    seconds.saturating_mul(1000)
}

/// Converts milliseconds to whole seconds.
pub const fn seconds(ms: u64) -> u64 {
    ms / 1000
}
