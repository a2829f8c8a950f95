//! The advertisement interval.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use crate::Version;
use crate::duration::{self, DurationError, Seconds};

/// An advertisement interval in centiseconds, never zero.
///
/// VRRPv3 carries 1..=4095 cs (RFC 9568 §5.2.7, erratum 8301); VRRPv2 whole seconds 1..=255
/// (RFC 3768 §5.3.7), which is 100..=25500 cs. With the feature `serde` it is its text where the
/// format is one that people read, otherwise the number of centiseconds.
///
/// ```
/// use core::time::Duration;
/// use vrrp_core::{Interval, IntervalError, Version};
///
/// let interval: Interval = "250ms".parse()?;
/// assert_eq!(interval.centis(), 25);
/// assert_eq!(Interval::try_from(Duration::from_millis(250))?, interval);
/// assert_eq!(interval.check(Version::V2), Err(IntervalError::SubSecond { centis: 25 }));
/// # Ok::<(), IntervalError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(u16);

impl Interval {
    /// One second, the default of every version (RFC 9568 §6.1).
    pub const DEFAULT: Self = Self(100);
    /// The longest interval VRRPv3 can carry: 40.95 s.
    pub const MAX_V3: Self = Self(4095);
    /// The longest interval VRRPv2 can carry: 255 s.
    pub const MAX_V2: Self = Self(25_500);

    /// An interval of `centis` centiseconds, or `None` for zero and for more than 25500 cs.
    #[must_use]
    pub const fn from_centis(centis: u16) -> Option<Self> {
        if centis == 0 || centis > Self::MAX_V2.0 {
            None
        } else {
            Some(Self(centis))
        }
    }

    /// An interval of `seconds` seconds, or `None` for zero.
    #[must_use]
    pub const fn from_secs(seconds: u8) -> Option<Self> {
        // A u8 of seconds is at most 25500 cs.
        Self::from_centis(seconds as u16 * 100)
    }

    /// The interval in centiseconds.
    #[must_use]
    pub const fn centis(self) -> u16 {
        self.0
    }

    /// The interval as a span of time.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0 as u64 * 10)
    }

    /// The interval in nanoseconds, less than 2³⁸.
    pub(crate) const fn nanos(self) -> u64 {
        self.0 as u64 * 10_000_000
    }

    /// Checks that `version` can carry this interval.
    ///
    /// # Errors
    /// [`IntervalError::TooLong`] for more than 4095 cs in version 3, [`IntervalError::SubSecond`]
    /// for a fraction of a second in version 2.
    pub const fn check(self, version: Version) -> Result<Self, IntervalError> {
        match version {
            Version::V3 if self.0 > Self::MAX_V3.0 => {
                Err(IntervalError::TooLong { centis: self.0 })
            }
            Version::V2 if !self.0.is_multiple_of(100) => {
                Err(IntervalError::SubSecond { centis: self.0 })
            }
            Version::V2 | Version::V3 => Ok(self),
        }
    }
}

impl From<Interval> for u16 {
    fn from(interval: Interval) -> Self {
        interval.0
    }
}

impl TryFrom<u16> for Interval {
    type Error = IntervalError;

    fn try_from(centis: u16) -> Result<Self, IntervalError> {
        Self::from_centis(centis).ok_or(IntervalError::OutOfRange { centis })
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Interval {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        u.int_in_range(1..=Self::MAX_V2.0).map(Self)
    }
}

impl From<Interval> for Duration {
    fn from(interval: Interval) -> Self {
        interval.duration()
    }
}

impl TryFrom<Duration> for Interval {
    type Error = IntervalError;

    /// An interval is a whole number of centiseconds; nothing is rounded.
    fn try_from(duration: Duration) -> Result<Self, IntervalError> {
        let refused = IntervalError::Duration { duration };
        let nanos = duration.as_nanos();
        if !nanos.is_multiple_of(10_000_000) {
            return Err(refused);
        }
        let centis = u16::try_from(nanos / 10_000_000).map_err(|_| refused)?;
        Self::from_centis(centis).ok_or(refused)
    }
}

/// Seconds, as `1s` or `0.01s`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Seconds(self.duration()).fmt(f)
    }
}

/// Seconds or milliseconds, as `1s`, `0.5s` or `500ms`.
impl FromStr for Interval {
    type Err = IntervalError;

    fn from_str(text: &str) -> Result<Self, IntervalError> {
        Self::try_from(duration::parse(text)?)
    }
}

/// An interval that a protocol version cannot carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntervalError {
    /// Zero, or more than 25500 cs.
    #[error("interval of {centis} cs is outside 1..=25500")]
    OutOfRange {
        /// The interval in centiseconds.
        centis: u16,
    },
    /// More than the twelve bits of VRRPv3 hold.
    #[error("interval of {centis} cs is longer than the 4095 cs that VRRPv3 can carry")]
    TooLong {
        /// The interval in centiseconds.
        centis: u16,
    },
    /// A span of time that is not a whole number of centiseconds in 1..=25500.
    #[error("interval of {} is not a whole number of centiseconds in 1..=25500", Seconds(*duration))]
    Duration {
        /// The span.
        duration: Duration,
    },
    /// A text that is no span of time.
    #[error(transparent)]
    Text(#[from] DurationError),
    /// VRRPv2 carries whole seconds only.
    #[error("interval of {centis} cs is not a whole number of seconds, as VRRPv2 needs")]
    SubSecond {
        /// The interval in centiseconds.
        centis: u16,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn holds_both_versions_ranges_and_nothing_else() {
        assert_eq!(Interval::from_centis(0), None);
        assert_eq!(Interval::from_centis(25_501), None);
        assert_eq!(Interval::from_secs(0), None);
        assert_eq!(Interval::from_secs(255), Some(Interval::MAX_V2));
        let longest_v3 = Interval::from_centis(4095).unwrap();
        assert_eq!(longest_v3.check(Version::V3), Ok(longest_v3));
        assert_eq!(
            longest_v3.check(Version::V2),
            Err(IntervalError::SubSecond { centis: 4095 })
        );
        let too_long = Interval::from_centis(4096).unwrap();
        assert_eq!(
            too_long.check(Version::V3),
            Err(IntervalError::TooLong { centis: 4096 })
        );
    }

    #[test]
    fn is_a_whole_number_of_centiseconds() {
        let from = |nanos| Interval::try_from(Duration::from_nanos(nanos));
        assert_eq!(from(10_000_000), Ok(Interval(1)));
        assert_eq!(from(255_000_000_000), Ok(Interval::MAX_V2));
        for nanos in [0, 9_999_999, 15_000_000, 255_010_000_000, 655_370_000_000] {
            let duration = Duration::from_nanos(nanos);
            assert_eq!(from(nanos), Err(IntervalError::Duration { duration }));
        }
        assert_eq!(Duration::from(Interval(50)), Duration::from_millis(500));
    }

    #[test]
    fn reads_seconds_and_milliseconds() {
        for (text, centis) in [("1s", 100), ("0.01s", 1), ("500ms", 50), ("40.95s", 4095)] {
            assert_eq!(text.parse(), Ok(Interval(centis)), "{text}");
        }
        assert_eq!(
            "100".parse::<Interval>(),
            Err(IntervalError::Text(DurationError::Unit))
        );
        let refused = "0.015s".parse::<Interval>().unwrap_err().to_string();
        assert_eq!(
            refused,
            "interval of 0.015s is not a whole number of centiseconds in 1..=25500"
        );
    }

    #[test]
    fn displays_seconds_without_needless_zeros() {
        for (centis, text) in [(1, "0.01s"), (50, "0.5s"), (100, "1s"), (4095, "40.95s")] {
            assert_eq!(Interval::from_centis(centis).unwrap().to_string(), text);
        }
    }

    #[test]
    fn one_centisecond_is_ten_milliseconds() {
        assert_eq!(
            Interval::from_centis(1).unwrap().duration(),
            Duration::from_millis(10)
        );
        assert_eq!(Interval::MAX_V2.duration(), Duration::from_secs(255));
        assert_eq!(u16::from(Interval::MAX_V3), 4095);
    }
}
