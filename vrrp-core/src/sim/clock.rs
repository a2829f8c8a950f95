//! The clock of a simulated host, which may run fast or slow.

use core::time::Duration;

use crate::Instant;

const MILLION: u64 = 1_000_000;

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

    fn rate(self) -> u64 {
        u64::from(1_000_000_u32.saturating_add_signed(self.ppm))
    }

    /// What this clock shows at `time`.
    pub(super) fn local(self, time: Instant) -> Instant {
        let elapsed = match self.ppm {
            0 => time,
            _ => {
                let (whole, rest) = (time.as_nanos() / MILLION, time.as_nanos() % MILLION);
                let rest = rest * self.rate() / MILLION;
                Instant::from_nanos(whole.saturating_mul(self.rate()).saturating_add(rest))
            }
        };
        elapsed + self.offset
    }

    /// The first moment at which this clock shows `local` or later.
    pub(super) fn global(self, local: Instant) -> Instant {
        let start = Instant::EPOCH + self.offset;
        let elapsed = local.as_nanos().saturating_sub(start.as_nanos());
        let elapsed = match self.ppm {
            0 => elapsed,
            _ => {
                let (whole, rest) = (elapsed / self.rate(), elapsed % self.rate());
                let rest = (rest * MILLION).div_ceil(self.rate());
                whole.saturating_mul(MILLION).saturating_add(rest)
            }
        };
        Instant::from_nanos(elapsed)
    }

    /// The longest that `duration` on this clock can be on the LAN's.
    pub(super) fn stretched(self, duration: Duration) -> Duration {
        let later = self.global(Instant::EPOCH + self.offset + duration);
        later.saturating_duration_since(Instant::EPOCH) + Duration::from_nanos(2)
    }
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
