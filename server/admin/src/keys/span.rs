//! Durations as the command line takes them: one number and one unit, `0s`, `30m`, `24h`, `90d`.

use std::fmt;
use std::str::FromStr;

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A hundred years, so that no sum with the present time overflows.
const MAX_SECONDS: u64 = 36_500 * 86_400;

/// A duration in whole seconds, at most a hundred years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

impl Span {
    /// Returns a span of this many days, for constants.
    pub const fn days(days: u16) -> Self {
        Self(days as u64 * 86_400)
    }

    /// Returns its length in seconds.
    pub fn seconds(self) -> u64 {
        self.0
    }
}

/// The text is not a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseSpanError;

impl fmt::Display for ParseSpanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("use a number and a unit, s, m, h or d, like 24h; at most 36500d")
    }
}

impl std::error::Error for ParseSpanError {}

impl FromStr for Span {
    type Err = ParseSpanError;

    fn from_str(text: &str) -> Result<Self, ParseSpanError> {
        let unit = UNITS.into_iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)));
        let (digits, unit) = unit.ok_or(ParseSpanError)?;
        // `parse` alone would accept a sign.
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseSpanError);
        }
        let seconds = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
        seconds.filter(|seconds| *seconds <= MAX_SECONDS).map(Self).ok_or(ParseSpanError)
    }
}

impl fmt::Display for Span {
    /// Writes it in the largest unit that divides it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, unit): &(char, u64)| self.0 >= *unit && self.0.is_multiple_of(*unit);
        let (name, unit) = UNITS.into_iter().find(fits).unwrap_or(('s', 1));
        write!(f, "{}{name}", self.0 / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        for (text, seconds) in [
            ("0s", 0),
            ("1s", 1),
            ("90m", 5_400),
            ("24h", 86_400),
            ("90d", 7_776_000),
            ("36500d", MAX_SECONDS),
        ] {
            assert_eq!(text.parse::<Span>().map(Span::seconds), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        let huge = format!("{}d", u64::MAX);
        for text in [
            "",
            "s",
            "0",
            "24",
            "-1h",
            "+1h",
            "1 h",
            " 1h",
            "1h ",
            "1.5h",
            "1e3s",
            "24H",
            "1w",
            "1d12h",
            "0x1s",
            "１h",
            "1ms",
            "36501d",
            &huge,
            "99999999999999999999999s",
        ] {
            assert_eq!(text.parse::<Span>(), Err(ParseSpanError), "{text:?}");
        }
    }

    #[test]
    fn is_shown_in_its_largest_unit() {
        for (given, shown) in [("0s", "0s"), ("24h", "1d"), ("90m", "90m"), ("3600s", "1h"), ("61s", "61s")] {
            assert_eq!(given.parse::<Span>().expect("valid").to_string(), shown);
        }
    }
}
