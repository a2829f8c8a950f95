//! Spans of time as people write them: `1s`, `0.25s`, `500ms`.

use core::fmt;
use core::time::Duration;

/// A text that is no span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// Neither `s` nor `ms` behind the number.
    #[error("a span of time needs a unit, as 1s or 500ms")]
    Unit,
    /// Not a decimal number, or one with more digits after the point than a nanosecond has.
    #[error("not a number of seconds or milliseconds")]
    Number,
    /// More than 2⁶⁴ seconds.
    #[error("longer than any span of time")]
    TooLong,
}

/// Reads a decimal number and its unit, `s` or `ms`.
pub(crate) fn parse(text: &str) -> Result<Duration, DurationError> {
    // The unit, and the digits behind the point that its nanoseconds have.
    let (number, unit, digits): (_, fn(u64) -> Duration, _) =
        if let Some(number) = text.strip_suffix("ms") {
            (number, Duration::from_millis, 6)
        } else if let Some(number) = text.strip_suffix('s') {
            (number, Duration::from_secs, 9)
        } else {
            return Err(DurationError::Unit);
        };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > digits {
        return Err(DurationError::Number);
    }
    let whole: u64 = whole.parse().map_err(|_| DurationError::TooLong)?;
    let zeros = fraction.len()..digits;
    let fraction = fraction.bytes().map(|digit| u64::from(digit - b'0'));
    let nanos = fraction
        .chain(zeros.map(|_| 0))
        .fold(0, |nanos, digit| 10 * nanos + digit);
    let nanos = Duration::from_nanos(nanos);
    unit(whole).checked_add(nanos).ok_or(DurationError::TooLong)
}

/// Displays a span of time as [`parse`] reads it, in seconds.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut nanos = self.0.subsec_nanos();
        write!(f, "{}", self.0.as_secs())?;
        if nanos != 0 {
            let mut digits = 9;
            while nanos.is_multiple_of(10) {
                nanos /= 10;
                digits -= 1;
            }
            write!(f, ".{nanos:0digits$}")?;
        }
        f.write_str("s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn reads_seconds_and_milliseconds() {
        for (text, nanos) in [
            ("0s", 0),
            ("1s", 1_000_000_000),
            ("0.25s", 250_000_000),
            ("40.95s", 40_950_000_000),
            ("500ms", 500_000_000),
            ("0.000001ms", 1),
            ("0.000000001s", 1),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_span_of_time() {
        for (text, error) in [
            ("", DurationError::Unit),
            ("1", DurationError::Unit),
            ("1m", DurationError::Unit),
            ("s", DurationError::Number),
            ("-1s", DurationError::Number),
            ("+1s", DurationError::Number),
            ("1.s", DurationError::Number),
            (".5s", DurationError::Number),
            ("1e3s", DurationError::Number),
            ("1 s", DurationError::Number),
            ("0.0000000001s", DurationError::Number),
            ("18446744073709551616s", DurationError::TooLong),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn displays_what_it_reads() {
        for text in [
            "0s",
            "1s",
            "0.25s",
            "86400s",
            "0.000000001s",
            "18446744073709551615.5s",
        ] {
            assert_eq!(Seconds(parse(text).unwrap()).to_string(), text);
        }
    }
}
