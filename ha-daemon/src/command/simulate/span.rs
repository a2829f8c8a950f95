//! The parser and the printer of durations.

use core::str::FromStr;
use core::time::Duration;

/// A span of time: a number with at most nine decimals, and `ms`, `s`, `m` or `h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// Not a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// No number, or no unit behind it.
    #[error("a number and ms, s, m or h, as in 1.5s")]
    Malformed,
    /// More than a year.
    #[error("at most a year (8760h)")]
    TooLong,
}

const YEAR: Duration = Duration::from_secs(8760 * 3600);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let units = [
            ("ms", Duration::from_millis(1)),
            ("s", Duration::from_secs(1)),
            ("m", Duration::from_secs(60)),
            ("h", Duration::from_secs(3600)),
        ];
        let (number, unit) = units
            .into_iter()
            .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))
            .ok_or(SpanError::Malformed)?;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 9 {
            return Err(SpanError::Malformed);
        }
        let whole: u32 = whole.parse().map_err(|_| SpanError::TooLong)?;
        let billionths: u32 = format!("{decimals:0<9}")
            .parse()
            .map_err(|_| SpanError::Malformed)?;
        let rest = unit.as_nanos() * u128::from(billionths) / 1_000_000_000;
        let rest = Duration::from_nanos(u64::try_from(rest).map_err(|_| SpanError::TooLong)?);
        let span = unit.checked_mul(whole).ok_or(SpanError::TooLong)? + rest;
        if span > YEAR {
            return Err(SpanError::TooLong);
        }
        Ok(Self(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_number_and_a_unit() {
        let span = |text: &str| text.parse().map(|Span(span)| span);
        assert_eq!(span("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(span("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(span("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(span("0.000000001s"), Ok(Duration::from_nanos(1)));
        assert_eq!(span("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(span("8760h"), Ok(YEAR));
        assert_eq!(span("8760.1h"), Err(SpanError::TooLong));
        assert_eq!(span("99999999999s"), Err(SpanError::TooLong));
        for text in [
            "",
            "s",
            "10",
            "-1s",
            "+1s",
            "1.s",
            ".5s",
            "1 s",
            "1e3s",
            "1.0000000001s",
        ] {
            assert_eq!(span(text), Err(SpanError::Malformed), "{text}");
        }
    }
}
