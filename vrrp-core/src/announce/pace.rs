//! The least time between two announcement frames.

use core::time::Duration;

use crate::Instant;

/// The least distance between two announcements on one interface.
///
/// Keep one per interface and protocol (ARP, neighbour discovery), or one for all interfaces that
/// shall share the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    interval: Duration,
    free_at: Instant,
}

impl Pace {
    /// At most one frame per `interval`; zero for no limit.
    #[must_use]
    pub const fn new(interval: Duration) -> Self {
        Self {
            interval,
            free_at: Instant::EPOCH,
        }
    }

    /// Replaces the interval. A slot that was taken keeps the next one waiting no longer than the
    /// new interval from `now` on.
    pub fn configure(&mut self, now: Instant, interval: Duration) {
        self.interval = interval;
        self.free_at = self.free_at.min(now + interval);
    }

    /// From when on a frame may be sent.
    #[must_use]
    pub const fn free_at(&self) -> Instant {
        self.free_at
    }

    /// Takes the slot at `now`, if it is free. The next one is a whole interval later: a late
    /// caller does not catch up.
    #[must_use]
    pub fn take(&mut self, now: Instant) -> bool {
        if now < self.free_at {
            return false;
        }
        self.free_at = now + self.interval;
        true
    }
}
