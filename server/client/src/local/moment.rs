//! Time since the machine started, which goes on while it sleeps and which no clock step touches.

use std::time::Duration;

/// Nanoseconds since the machine started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// Returns the present moment, by `CLOCK_BOOTTIME`.
    pub fn now() -> Self {
        let time = rustix::time::clock_gettime(CLOCK);
        // Neither part of the time since the start is ever negative.
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Self(seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0))
    }

    /// Returns the moment this long after the machine started.
    #[cfg(test)]
    pub fn after_start(span: Duration) -> Self {
        Self(nanoseconds(span))
    }

    /// Returns whether less than `span` has passed since `earlier`.
    pub fn is_within(self, span: Duration, earlier: Self) -> bool {
        self.0.saturating_sub(earlier.0) < nanoseconds(span)
    }

    /// Returns the difference of another clock to this one: what to add to a moment to get the other clock's time in
    /// nanoseconds.
    pub fn offset_to(self, other: i64) -> i64 {
        other.saturating_sub(self.signed())
    }

    /// Returns the time of another clock at this moment, in nanoseconds.
    pub fn on(self, offset: i64) -> i64 {
        self.signed().saturating_add(offset)
    }

    fn signed(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}

/// Other systems' monotonic clock is the nearest they have.
#[cfg(target_os = "linux")]
const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
