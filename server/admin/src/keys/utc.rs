//! The clock, and Unix times as people read them: `2026-08-01T12:00:00Z`.

use anyhow::{Context, Result};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 9999-12-31T23:59:59Z: RFC 3339 has no later years.
const LAST: u64 = 253_402_300_799;

/// Returns the present time in Unix seconds.
pub fn now() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    Ok(since.context("the clock of this machine is set before 1970")?.as_secs())
}

/// Formats a time in RFC 3339, UTC. A time beyond the year 9999 stays a number.
pub fn format(seconds: u64) -> String {
    if seconds > LAST {
        return seconds.to_string();
    }
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn known_times() {
        // From `date -u -d @SECONDS +%FT%TZ`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (1_785_585_600, "2026-08-01T12:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_800, "253402300800"),
            (u64::MAX, "18446744073709551615"),
        ] {
            assert_eq!(format(seconds), text);
        }
    }
}
