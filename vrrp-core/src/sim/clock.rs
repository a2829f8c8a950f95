//! Clocks that disagree.

use core::time::Duration;

use crate::Instant;

const MILLION: u128 = 1_000_000;

/// A router's own clock: an epoch of its own and a rate that is off by some parts per million.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    offset: Duration,
    ppm: i32,
}

impl Clock {
    pub(super) const MAX_PPM: i32 = 10_000;

    pub(super) fn new(offset: Duration, ppm: i32) -> Self {
        Self {
            offset,
            ppm: ppm.clamp(-Self::MAX_PPM, Self::MAX_PPM),
        }
    }

    fn rate(self) -> u128 {
        u128::from(1_000_000_u32.saturating_add_signed(self.ppm))
    }

    /// What this clock shows at `time`.
    pub(super) fn local(self, time: Instant) -> Instant {
        let elapsed = match self.ppm {
            0 => time,
            _ => instant(u128::from(time.as_nanos()) * self.rate() / MILLION),
        };
        elapsed + self.offset
    }

    /// The first moment at which this clock shows `local` or later.
    pub(super) fn global(self, local: Instant) -> Instant {
        let elapsed = local.saturating_duration_since(Instant::EPOCH + self.offset);
        match self.ppm {
            0 => Instant::EPOCH + elapsed,
            _ => instant((elapsed.as_nanos() * MILLION).div_ceil(self.rate())),
        }
    }
}

fn instant(nanos: u128) -> Instant {
    Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_met_at_the_first_moment_it_has_come() {
        for ppm in [-10_000, -37, 0, 1, 9_999] {
            let clock = Clock::new(Duration::from_secs(77), ppm);
            for nanos in [0, 1, 999_999_999, 86_400_000_000_001] {
                let local = Instant::from_nanos(nanos) + Duration::from_secs(77);
                let global = clock.global(local);
                assert!(clock.local(global) >= local);
                if let Some(before) = global.as_nanos().checked_sub(1) {
                    assert!(clock.local(Instant::from_nanos(before)) < local);
                }
            }
        }
    }

    #[test]
    fn a_fast_clock_shows_more() {
        let clock = Clock::new(Duration::ZERO, 1_000);
        assert_eq!(
            clock.local(Instant::from_millis(1_000)),
            Instant::from_millis(1_001)
        );
    }
}
