//! Points in time on the caller's monotonic clock.

use core::fmt;
use core::ops::Add;
use core::time::Duration;

/// A point in time: nanoseconds since an epoch that the caller chooses once.
///
/// The core never reads a clock. A runtime maps a monotonic clock to this type; a simulator counts
/// from zero. Sums saturate: 2⁶⁴ ns is 584 years.
///
/// With `std` the epoch is an instant of the system's monotonic clock, kept as long as the routers are:
///
/// ```
/// use std::time::Duration;
/// use vrrp_core::Instant;
///
/// let epoch = std::time::Instant::now();
/// let now = Instant::EPOCH + epoch.elapsed(); // what the methods here take
/// let deadline = now + Duration::from_secs(3); // what `Endpoint::deadline` gives
/// let wake_at = epoch + deadline.saturating_duration_since(Instant::EPOCH);
/// assert!(wake_at >= epoch + Duration::from_secs(3));
/// ```
///
/// It is a type, not a `Duration`, so that a point in time and a span cannot be confused in the
/// arithmetic of timers, and of eight octets, as every router holds several. `ipvs-core` takes the
/// `Duration` since the epoch itself: with the same epoch, `now` here is `epoch.elapsed()` there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Instant(u64);

impl Instant {
    /// The epoch.
    pub const EPOCH: Self = Self(0);
    /// The last representable instant.
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The instant `millis` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time since `earlier`, or zero if `earlier` is later than `self`.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The instant `nanos` nanoseconds later, at most [`Instant::MAX`].
    pub(crate) const fn after_nanos(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// `self + duration`, at most [`Instant::MAX`].
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        let nanos = duration.as_nanos();
        if nanos > (u64::MAX - self.0) as u128 {
            Self::MAX
        } else {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "compared with u64::MAX above"
            )]
            Self(self.0 + nanos as u64)
        }
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

/// Seconds with nine decimals, as `12.000000345`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{:09}",
            self.0 / 1_000_000_000,
            self.0 % 1_000_000_000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn counts_nanoseconds() {
        assert_eq!(Instant::from_millis(12).as_nanos(), 12_000_000);
        assert_eq!(
            Instant::from_millis(12).saturating_duration_since(Instant::from_nanos(5)),
            Duration::from_nanos(11_999_995)
        );
    }

    #[test]
    fn sums_saturate_and_differences_never_go_below_zero() {
        assert_eq!(
            Instant::from_nanos(u64::MAX - 1) + Duration::from_nanos(5),
            Instant::MAX
        );
        assert_eq!(Instant::EPOCH + Duration::MAX, Instant::MAX);
        assert_eq!(
            Instant::from_millis(3).saturating_duration_since(Instant::from_millis(5)),
            Duration::ZERO
        );
        assert_eq!(
            Instant::from_millis(5) + Duration::from_nanos(7),
            Instant::from_nanos(5_000_007)
        );
    }

    #[test]
    fn displays_seconds() {
        assert_eq!(
            Instant::from_nanos(12_000_000_345).to_string(),
            "12.000000345"
        );
    }
}
