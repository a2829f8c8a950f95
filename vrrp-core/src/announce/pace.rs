//! The order and pace of announcement frames: one address after another, with a least time in
//! between.

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

/// A walk over the addresses of one virtual router: each once, then each again, as often as the
/// bursts ask for.
///
/// It remembers a position and a count, not the addresses, so that a driver sends any number of
/// them in slices of its own size. Call [`next`](Self::next) until it says `None` or the turn's
/// budget is spent, and come back at [`deadline`](Self::deadline).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    addresses: usize,
    position: usize,
    remaining: usize,
}

impl Sweep {
    /// Asks for `copies` of each of `addresses` addresses.
    ///
    /// Frames still owed from before do not add up: from here on every address is announced at
    /// least `copies` times, beginning where the walk stands, so that bursts that come faster than
    /// the pace still reach the last address. A list of another length is walked from its start.
    pub fn start(&mut self, addresses: usize, copies: u16) {
        if addresses != self.addresses {
            *self = Self {
                addresses,
                ..Self::default()
            };
        }
        let wanted = addresses.saturating_mul(usize::from(copies));
        self.remaining = self.remaining.max(wanted);
    }

    /// Cancels what is left to send.
    pub const fn stop(&mut self) {
        self.remaining = 0;
        self.position = 0;
    }

    /// The index of the next address, if there is one and `pace` has a slot for it.
    pub fn next(&mut self, now: Instant, pace: &mut Pace) -> Option<usize> {
        let position = self.peek()?;
        if !pace.take(now) {
            return None;
        }
        self.remaining -= 1;
        self.position = position + 1;
        if self.position == self.addresses {
            self.position = 0;
        }
        Some(position)
    }

    /// The index of the next address without taking it, for a driver that keeps one [`Pace`] per
    /// interface and has to look up which.
    #[must_use]
    pub const fn peek(&self) -> Option<usize> {
        if self.remaining == 0 {
            None
        } else {
            Some(self.position)
        }
    }

    /// When to go on: `None` once everything is sent. In the past when the pace has no limit.
    #[must_use]
    pub const fn deadline(&self, pace: &Pace) -> Option<Instant> {
        if self.remaining == 0 {
            None
        } else {
            Some(pace.free_at())
        }
    }

    /// Frames left to send.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.remaining
    }
}
