//! Time slices: the limit of what one turn of the loop may spend.

use core::fmt;
use core::time::Duration;

use vrrp_core::Instant;

/// The time one turn of the loop gives to a kind of work.
///
/// The turn has one `now`, which decides deadlines; the clock is read again only to stop in time.
///
/// ```
/// use core::cell::Cell;
/// use core::time::Duration;
///
/// use vrrp_core::Instant;
/// use vrrp_mio::TimeSlice;
///
/// let time = Cell::new(Instant::from_millis(5));
/// let clock = || time.get();
/// let slice = TimeSlice::of(Duration::from_millis(1), time.get(), &clock);
/// assert!(!slice.is_over());
/// time.set(Instant::from_millis(6));
/// assert!(slice.is_over());
/// assert_eq!(slice.now(), Instant::from_millis(5));
/// ```
#[derive(Clone, Copy)]
pub struct TimeSlice<'a> {
    now: Instant,
    until: Instant,
    clock: &'a dyn Fn() -> Instant,
}

/// Whether work is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an edge-triggered poll does not report the rest again"]
pub enum Progress {
    /// The time was over first: call again without waiting for readiness.
    Partial,
    /// Everything that can be done for now is done.
    Complete,
}

impl<'a> TimeSlice<'a> {
    /// The slice of a turn at `now` that is over when `clock` shows `length` more than it does.
    #[must_use]
    pub fn of(length: Duration, now: Instant, clock: &'a dyn Fn() -> Instant) -> Self {
        Self::new(now, clock() + length, clock)
    }

    /// The slice from `now`, the time of the turn, until `clock` shows `until`.
    #[must_use]
    pub const fn new(now: Instant, until: Instant, clock: &'a dyn Fn() -> Instant) -> Self {
        Self { now, until, clock }
    }

    /// The time of the turn.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The time the clock shows, to measure by.
    pub(crate) fn clock(&self) -> Instant {
        (self.clock)()
    }

    /// Whether the time is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.clock() >= self.until
    }
}

impl fmt::Debug for TimeSlice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeSlice")
            .field("now", &self.now)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}
