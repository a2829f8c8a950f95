//! A slice of the calling thread's processor time.

use core::cell::Cell;
use core::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// So much time of this thread's on a processor (CLOCK_THREAD_CPUTIME_ID), from when it is cut on.
///
/// What is left to do when it [is over](Self::is_over) is left for another. Asking costs a system
/// call, a fraction of a microsecond.
#[derive(Debug)]
pub struct Slice {
    begun: Duration,
    /// `None`: it is never over.
    limit: Option<Duration>,
    used: Cell<Duration>,
}

impl Slice {
    /// A slice of `limit`.
    #[must_use]
    pub fn of(limit: Duration) -> Self {
        Self {
            begun: thread_time(),
            limit: Some(limit),
            used: Cell::new(Duration::ZERO),
        }
    }

    /// As long as it takes, for who has no loop to keep going.
    #[must_use]
    pub const fn endless() -> Self {
        Self {
            begun: Duration::ZERO,
            limit: None,
            used: Cell::new(Duration::ZERO),
        }
    }

    /// Looks at the clock: whether it is used up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let Some(limit) = self.limit else {
            return false;
        };
        self.used.set(thread_time().saturating_sub(self.begun));
        self.used.get() >= limit
    }

    /// How much was used when the clock was last looked at; nothing of an endless one.
    #[must_use]
    pub fn used(&self) -> Duration {
        self.used.get()
    }
}

/// If the clock cannot be read, the time is over.
#[expect(
    clippy::disallowed_methods,
    reason = "what this thread used is not what time it is"
)]
fn thread_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::MAX, Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_used_up_by_work_and_not_by_waiting() {
        let slice = Slice::of(Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(40));
        assert!(!slice.is_over(), "{:?}", slice.used());
        let mut rounds = 0_u32;
        while !slice.is_over() {
            rounds += 1;
        }
        assert!(rounds > 10, "{rounds}");
        assert!(slice.used() >= Duration::from_millis(20));
    }

    #[test]
    fn no_slice_is_over_at_once_and_an_endless_one_never() {
        assert!(Slice::of(Duration::ZERO).is_over());
        assert!(!Slice::endless().is_over());
    }
}
